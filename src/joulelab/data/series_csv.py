"""Anybody's series: CSV files, and labels beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from joulelab.data.anomaly import AnomalyData, Preparation, bare_spec
from joulelab.data.entities import Anomaly, Entity, choose, marks_of, series
from joulelab.data.text_table import read_table
from joulelab.errors import ConfigError, DataError
from joulelab.records import DataSpec

_SPAN = ("start", "stop")


class SeriesCsv(AnomalyData):
    """CSV files with a header, a row a step, a column a channel; one entity.

    `train` is taken as normal. The labels of `test` are its column `label_column`, or a file
    `labels`: either one column of 0 and 1, a row a step, or columns `start` and `stop`, a row an
    anomaly (rows of `test` from 0 on, stop not included; column `kind` if it is there). `ignored`:
    columns that are no channels, such as a time stamp; `label_column` is one of them wherever it is.
    """

    def __init__(
        self,
        train: str | Path,
        test: str | Path,
        labels: str | Path | None = None,
        label_column: str | None = None,
        ignored: Sequence[str] = (),
        units: Sequence[str] | None = None,
        sample_hz: float | None = None,
        **preparation: Unpack[Preparation],
    ) -> None:
        super().__init__(**preparation)
        if (labels is None) == (label_column is None):
            raise ConfigError(
                "labels are to come from one place",
                where="data.labels",
                cure="give either data.labels or data.label_column",
            )
        self._paths = {"train": Path(train).expanduser(), "test": Path(test).expanduser()}
        self._labels = None if labels is None else Path(labels).expanduser()
        self._label_column = label_column
        self._ignored = {*ignored, *([] if label_column is None else [label_column])}
        self._units = units
        self._sample_hz = sample_hz

    @cached_property
    def _tables(self) -> dict[str, Any]:
        return {split: read_table(path) for split, path in self._paths.items()}

    @cached_property
    def _channels(self) -> list[str]:
        columns = [str(name) for name in self._tables["train"] if name not in self._ignored]
        if not columns:
            raise DataError("has no channel", where=str(self._paths["train"]))
        if self._units is not None and len(self._units) != len(columns):
            raise ConfigError(
                f"{len(self._units)} units do not fit {len(columns)} channels", where="data.units"
            )
        return columns

    def _read(self, chosen: Sequence[str] | None) -> list[Entity]:
        (name,) = choose([self._paths["test"].stem], chosen) or ("",)
        test = self._values("test")
        labels, anomalies = self._truth(len(test))
        return [
            Entity(
                name,
                series(self._values("train"), where=str(self._paths["train"])),
                series(test, labels, anomalies, where=str(self._paths["test"])),
            )
        ]

    def _describe(self) -> DataSpec:
        return bare_spec(
            self._paths["test"].stem,
            self._channels,
            source=f"CSV files {self._paths['train'].name} and {self._paths['test'].name}",
            units=self._units,
            sample_hz=self._sample_hz,
        )

    def _values(self, split: str) -> Any:
        where = str(self._paths[split])
        table = self._tables[split]
        missing = [name for name in self._channels if name not in table]
        if missing:
            raise DataError(f"has no column {missing[0]}", where=where)
        try:
            return table[self._channels].to_numpy(np.float32)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"has a channel that is no number: {error}",
                where=where,
                cure="name columns that are none in data.ignored",
            ) from error

    def _truth(self, steps: int) -> tuple[Any, list[Anomaly]]:
        if self._labels is None:
            table, where = self._tables["test"], str(self._paths["test"])
            if self._label_column not in table:
                raise DataError(f"has no column {self._label_column}", where=where)
            return _bits(table[self._label_column], where), []
        table, where = read_table(self._labels), str(self._labels)
        if set(_SPAN) <= set(table):
            anomalies = _spans(table, steps, where)
            return marks_of(anomalies, steps), anomalies
        if len(table.columns) != 1:
            raise DataError(
                "is neither one column of 0 and 1 nor columns start and stop", where=where
            )
        return _bits(table.iloc[:, 0], where), []


def _bits(column: Any, where: str) -> Any:
    values = column.to_numpy()
    if not np.isin(values, [0, 1]).all():
        raise DataError("has labels that are neither 0 nor 1", where=where)
    return values.astype(bool)


def _spans(table: Any, steps: int, where: str) -> list[Anomaly]:
    kinds = table["kind"] if "kind" in table else [""] * len(table)
    rows = zip(table["start"], table["stop"], kinds, strict=True)
    spans = [Anomaly(int(start), int(stop), str(kind)) for start, stop, kind in rows]
    for span in spans:
        if not 0 <= span.start < span.stop <= steps:
            raise DataError(
                f"the anomaly {span.start} to {span.stop} does not lie in {steps} steps",
                where=where,
            )
    return spans
