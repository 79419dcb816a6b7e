"""Runs as one Arrow table, a row a run: built from long (run, key, value) cells without a Python
object a cell kept.

| column | type | |
|---|---|---|
| `run_id` | string | the run's uid |
| `store_id` | string | what the store calls it: unique, where `run_id` need not be |
| `name`, `status`, `ui_path` | string | `ui_path`: the run's page below the root of the store's own UI |
| `start_wall_ns`, `stop_wall_ns` | int64 | null: not ended |
| `params.<key>`, `tags.<key>` | dictionary of strings | null: missing |
| `metrics.<key>` | float64 | null: missing, which NaN is not |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int32]

FIXED = pa.schema(
    [
        ("run_id", pa.string()),
        ("store_id", pa.string()),
        ("name", pa.string()),
        ("status", pa.string()),
        ("start_wall_ns", pa.int64()),
        ("stop_wall_ns", pa.int64()),
        ("ui_path", pa.string()),
    ]
)
CURVE = pa.schema([("store_id", pa.string()), ("step", pa.int64()), ("energy_j", pa.float64())])
TEXT = pa.dictionary(pa.int32(), pa.string())


class Numbering(dict[Any, int]):
    """Numbers what it has not seen, in order of appearance."""

    def __missing__(self, key: Any) -> int:
        self[key] = number = len(self)
        return number

    def of(self, items: Sequence[Any]) -> Ints:
        return np.fromiter(map(self.__getitem__, items), np.int32, len(items))


class Cells:
    """Long cells of `index`'s runs; of a run that it does not hold nothing is kept."""

    def __init__(self, index: Mapping[str, int]) -> None:
        self._index = index
        self._keys, self._texts = Numbering(), Numbering()
        self._parts: list[tuple[Ints, Ints, npt.NDArray[Any]]] = []

    def add_numbers(self, runs: Sequence[str], keys: Sequence[str], values: Any) -> None:
        self._add(runs, keys, np.asarray(values, dtype=np.float64))

    def add_texts(self, runs: Sequence[str], keys: Sequence[str], values: Sequence[Any]) -> None:
        self._add(runs, keys, self._texts.of(values))

    def _add(self, runs: Sequence[str], keys: Sequence[str], values: npt.NDArray[Any]) -> None:
        lookup = self._index.get
        rows = np.fromiter((lookup(run, -1) for run in runs), np.int32, len(runs))
        known = rows >= 0
        codes = self._keys.of(keys)
        self._parts.append((rows[known], codes[known], values[known]))

    def columns(self, prefix: str) -> dict[str, pa.Array]:
        """By key, in order of the alphabet."""
        if not self._parts:
            return {}
        rows, keys, values = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        order = np.argsort(keys, kind="stable")
        ends = np.cumsum(np.bincount(keys, minlength=len(self._keys)))
        found = {}
        for key, code in sorted(self._keys.items()):
            of_key = order[ends[code - 1] if code else 0 : ends[code]]
            if len(of_key):
                found[f"{prefix}.{key}"] = self._column(rows[of_key], values[of_key])
        return found

    def _column(self, rows: Ints, values: npt.NDArray[Any]) -> pa.Array:
        count = len(self._index)
        absent = np.ones(count, dtype=bool)
        absent[rows] = False
        whole = np.zeros(count, dtype=values.dtype)
        if values.dtype == np.float64:
            whole[rows] = values
            return pa.array(whole, mask=absent)
        used, whole[rows] = np.unique(values, return_inverse=True)
        texts = list(self._texts)
        words = pa.array([texts[code] for code in used], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(whole, mask=absent), words)


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The same table from `RunStore.rows`."""
    index = {str(number): number for number in range(len(rows))}
    cells = {kind: Cells(index) for kind in ("params", "metrics", "tags")}
    for number, row in zip(index, rows, strict=True):
        for kind, kept in cells.items():
            names = [key for key in row if key.startswith(f"{kind}.")]
            values = [row[key] for key in names]
            keys = [key.partition(".")[2] for key in names]
            add = kept.add_numbers if kind == "metrics" else kept.add_texts
            add([number] * len(names), keys, values)
    fixed = {
        field.name: pa.array([row.get(field.name) for row in rows], field.type) for field in FIXED
    }
    for kind, kept in cells.items():
        fixed |= kept.columns(kind)
    return pa.table(fixed)


def curve_table(
    store_ids: Sequence[str], runs: Ints, keys: Ints, steps: Any, values: Any, names: Iterable[str]
) -> pa.Table:
    """One row a (run, step), a column a metric, from long points in the order of their time: of two
    at one step the later stays. `runs` numbers `store_ids`, `keys` numbers `names`."""
    if len(runs) == 0:
        return CURVE.empty_table()
    low, span = int(steps.min()), int(steps.max()) - int(steps.min()) + 1
    places, at = np.unique(runs.astype(np.int64) * span + (steps - low), return_inverse=True)
    rows, step = np.divmod(places, span)
    columns = {
        "store_id": pa.DictionaryArray.from_arrays(
            pa.array(rows.astype(np.int32)), pa.array(store_ids, pa.string())
        ),
        "step": pa.array(step + low),
    }
    by_name = dict(sorted((name, code) for code, name in enumerate(names)))
    for name in ("energy_j", *(name for name in by_name if name != "energy_j")):
        column, absent = np.zeros(len(places)), np.ones(len(places), dtype=bool)
        if name in by_name:
            of_key = keys == by_name[name]
            column[at[of_key]] = values[of_key]
            absent[at[of_key]] = False
        if name == "energy_j" or not absent.all():
            columns[name] = pa.array(column, mask=absent)
    return pa.table(columns)
