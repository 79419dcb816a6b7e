"""Which params tell runs apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from joulelab.config import TRAINING_KEYS

CHOICES = ("model", "data", "hardware")

NOT_THE_WORK = (
    "seed", "repeats", "objectives", "name", "paths", "tracking", "sweep", "meter", "idle_s",
    "warmup_s", "idle_after_s", "sample_hz", "save_model", "allow_concurrent", "command",
)  # fmt: skip
"""Params that say how a run was looked at or kept, not what it did."""

Codes = npt.NDArray[np.int64]
Column = npt.NDArray[np.float64] | list[str | None]


class Params:
    """The params of a table of runs (`tracking/columns.py`)."""

    def __init__(self, frame: pa.Table) -> None:
        self._frame = frame
        self._read = _keys_read(frame)

    def varying(self) -> list[str]:
        """Params of the work that are not the same in all runs, in the order in which they name a
        configuration. Of keys below a group (`model.lr`), those that only repeat another one (`lr`,
        or `model` itself) are left out."""
        keys = [key for key in self._frame.column_names if key.startswith("params.")]
        names = [key.removeprefix("params.") for key in keys]
        of_the_work = [name for name in names if name.partition(".")[0] not in NOT_THE_WORK]
        seen: set[bytes] = set()
        kept = []
        for name in sorted(of_the_work, key=_rank):
            # Who shares a value with whom: (0, 1, 0) for a, b, a.
            partition, values = pd.factorize(self._codes(name)[0], use_na_sentinel=False)
            key = partition.astype(np.int64).tobytes()
            if len(values) > 1 and not ("." in name and key in seen):
                kept.append(name)
            seen.add(key)
        return kept

    def column(self, name: str) -> Column:
        """Numbers where all are numbers, so that 1e-3 and 0.001 are one value; else texts and None."""
        codes, words = self._codes(name)
        used = np.unique(codes[codes >= 0])
        try:
            numbers = np.array([float(words[code]) for code in used])
        except ValueError:
            texts: list[str | None] = [*words, None]
            return [texts[code] for code in codes]
        if len(numbers) == 0:
            return [None] * len(codes)
        found = np.full(len(codes), np.nan)
        known = codes >= 0
        found[known] = numbers[np.searchsorted(used, codes[known])]
        return found

    def _codes(self, name: str) -> tuple[Codes, list[str]]:
        """(n,) place of each run's value among the words, -1 for none."""
        key = f"params.{name}"
        if key not in self._frame.column_names:
            return np.full(self._frame.num_rows, -1), []
        column = self._frame[key].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0)
        codes: Codes = pc.fill_null(column.indices, -1).to_numpy().astype(np.int64)
        words: list[str] = column.dictionary.to_pylist()
        if "null" in words:
            codes[codes == words.index("null")] = -1
        # A root key that the model does not read made no difference to this run.
        if name in TRAINING_KEYS:
            codes[~self._read[name]] = -1
        return codes, words


def _keys_read(frame: pa.Table) -> dict[str, npt.NDArray[np.bool_]]:
    """For each root key of training, which runs read it: all of those that do not say."""
    everything = np.ones(frame.num_rows, dtype=bool)
    if "tags.keys_read" not in frame.column_names:
        return dict.fromkeys(TRAINING_KEYS, everything)
    listed = [
        None if text is None else text.split(",") for text in frame["tags.keys_read"].to_pylist()
    ]
    return {
        key: np.array([names is None or key in names for names in listed], dtype=bool)
        for key in TRAINING_KEYS
    }


def _rank(name: str) -> tuple[int, str]:
    """The order in which params name a configuration: choices, root keys, then what lies deeper."""
    if name in CHOICES:
        return CHOICES.index(name), name
    if name in TRAINING_KEYS:
        return 10, name
    return 20 + name.count("."), name
