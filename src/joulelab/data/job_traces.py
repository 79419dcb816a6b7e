"""Load traces of real programs, recorded with `joulelab measure` and shipped with the package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.data.arrays import ArrayDataset, channel_statistics
from joulelab.data.splits import check_name, grouped_split
from joulelab.errors import ConfigError, DataError
from joulelab.records import DataSpec

SHIPPED = Path(__file__).with_name("job_traces.parquet")
UNITS = {
    "power_w": "W",
    "user_s": "s/s",
    "system_s": "s/s",
    "resident_bytes": "B",
    "read_bytes_s": "B/s",
    "written_bytes_s": "B/s",
}
COLUMNS = ("kind", "round", *UNITS)


class JobTraces:
    """Which kind of program is it? One class a kind, 10 Hz, (channels, length) samples.

    The end of a trace shorter than `length` is zero: the program is over and its process tree draws
    nothing. Splits go by recording round (60/20/20), so that no split shares a round with another.
    `path` is a Parquet file with the columns of the shipped one (`job_traces.md` tells them).
    """

    def __init__(
        self,
        path: str | Path | None = None,
        length: int = 80,
        channels: Sequence[str] | None = None,
    ) -> None:
        self._path = SHIPPED if path is None else Path(path)
        self._length = length
        self._channels = tuple(UNITS) if channels is None else tuple(channels)
        unknown = [name for name in self._channels if name not in UNITS]
        if unknown or not self._channels:
            raise ConfigError(
                f"{unknown[0] if unknown else 'none'} is no channel of job traces",
                where="data.channels",
                cure=f"known are {', '.join(UNITS)}",
            )
        if length < 1:
            raise ConfigError(f"{length} is not a number of samples", where="data.length")
        if not self._path.is_file():
            raise DataError("no such file", where=str(self._path), cure="check data.path")

    @cached_property
    def _columns(self) -> dict[str, Any]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            columns: dict[str, Any] = pq.read_table(self._path, columns=list(COLUMNS)).to_pydict()
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"cannot be read as Parquet: {str(error).splitlines()[0]}",
                where=str(self._path),
                cure="record it again with scripts/record_job_traces.py",
            ) from error
        missing = [name for name in COLUMNS if name not in columns]
        if missing:
            raise DataError(f"has no column {missing[0]}", where=str(self._path))
        return columns

    @cached_property
    def _arrays(self) -> tuple[Any, Any]:
        columns = self._columns
        classes = self.classes
        inputs = np.zeros((len(columns["kind"]), len(self._channels), self._length), np.float32)
        for place, name in enumerate(self._channels):
            for row, values in enumerate(columns[name]):
                kept = np.asarray(values[: self._length], np.float32)
                inputs[row, place, : len(kept)] = kept
        if not np.isfinite(inputs).all():
            raise DataError("holds values that are no numbers", where=str(self._path))
        targets = np.array([classes.index(kind) for kind in columns["kind"]], np.int64)
        return inputs, targets

    @cached_property
    def _splits(self) -> dict[str, list[int]]:
        return grouped_split(self._columns["round"])

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted(set(self._columns["kind"])))

    @cached_property
    def spec(self) -> DataSpec:
        mean, std = channel_statistics(self._arrays[0][self._splits["train"]])
        return DataSpec(
            name="job_traces",
            task="multiclass",
            form="series",
            classes=self.classes,
            input_shape=(len(self._channels), self._length),
            channels=self._channels,
            units=tuple(UNITS[name] for name in self._channels),
            mean=mean,
            std=std,
            sample_hz=10.0,
            source="load traces recorded with joulelab measure; power estimated; Apache-2.0",
        )

    def split(self, name: str) -> ArrayDataset:
        check_name(name)
        inputs, targets = self._arrays
        rows = self._splits[name]
        return ArrayDataset(inputs[rows], targets[rows])
