"""No store at all: runs live on in their own folders, and are read from there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from joulelab.records import RunRecord
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
        "name": record.name,
        "status": record.status,
        "start_wall_ns": record.start_wall_ns,
    }
    row |= {f"params.{key}": value for key, value in record.params.items()}
    row |= {f"metrics.{key}": value for key, value in record.metrics.items()}
    row |= {f"tags.{key}": value for key, value in tags.items()}
    return row
