"""No store at all: runs live on in their own folders, and are read from there."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from joulelab.records import RunRecord
from joulelab.tracking.columns import CURVE, Numbering, curve_table, table_of
from joulelab.tracking.selection import compile_select


class NullStore:
    """`folders`: where runs write; looked through at every depth."""

    def __init__(self, folders: Sequence[str | Path]) -> None:
        self._folders = [Path(folder) for folder in folders]

    @property
    def location(self) -> str:
        return "run folders below " + " and ".join(map(str, self._folders))

    def begin(self, record: RunRecord) -> None: ...

    def put(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None: ...

    def grow(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None: ...

    def rows(self, select: str | None = None) -> Sequence[Mapping[str, Any]]:
        passes = compile_select(select)
        rows = {row["run_id"]: row for row in map(row_of, self._records()) if passes(row)}
        return sorted(rows.values(), key=lambda row: int(row["start_wall_ns"]))

    def frame(self, select: str | None = None) -> pa.Table:
        return table_of(self.rows(select))

    def curves(self, store_ids: Sequence[str]) -> pa.Table:
        records = {record.run_uid: record for record in self._records()}
        return curves_of([records[each] for each in store_ids if each in records])

    def _records(self) -> Iterator[RunRecord]:
        for top in self._folders:
            for folder, below, files in os.walk(top):
                if "record.json" not in files:
                    continue
                below.clear()
                try:
                    text = Path(folder, "record.json").read_text(encoding="utf-8")
                    yield RunRecord.from_json(text)
                except (OSError, ValueError, TypeError, KeyError):
                    # A folder that is being deleted, or somebody else's record.json.
                    continue


def row_of(record: RunRecord) -> dict[str, Any]:
    """The row that a store of this one run would give."""
    tags = record.tags if record.error is None else {**record.tags, "error": record.error}
    row: dict[str, Any] = {
        "run_id": record.run_uid,
        "store_id": record.run_uid,
        "name": record.name,
        "status": record.status,
        "start_wall_ns": record.start_wall_ns,
        "stop_wall_ns": record.stop_wall_ns,
        "ui_path": None,
    }
    row |= {f"params.{key}": value for key, value in record.params.items()}
    row |= {f"metrics.{key}": value for key, value in record.metrics.items() if value is not None}
    row |= {f"tags.{key}": value for key, value in tags.items()}
    return row


def curves_of(records: Sequence[RunRecord]) -> pa.Table:
    """The curves of the records, as `RunStore.curves`."""
    names = Numbering()
    points = [
        (number, names[name], point.step, value)
        for number, record in enumerate(records)
        for point in record.curve
        for name, value in {"energy_j": point.energy_j, **point.metrics}.items()
        if value is not None and math.isfinite(value)
    ]
    if not points:
        return CURVE.empty_table()
    runs, codes, steps, values = (np.array(each) for each in zip(*points, strict=True))
    return curve_table([record.run_uid for record in records], runs, codes, steps, values, names)
