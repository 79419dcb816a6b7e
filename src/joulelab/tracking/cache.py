"""What a store answered before, kept as Parquet beside it, so that the next answer costs what is new.

Kept is only what belongs to a run as the store had it, with the version that the store gave the run
(`SqlReader.versions`), and is used only where the store still gives the same. Tags, status and the
list of runs itself are never kept. A cache that is broken, of another version or
cannot be written is no cache, and nobody is told: it costs time, never a wrong answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FORMAT = "1"
ID = "store_id"
VERSIONS = b"joulelab.versions"
EMPTY = pa.table({ID: pa.array([], pa.string())})

Read = Callable[[Sequence[str]], pa.Table]


class Cache:
    """Of one store (`key`: whatever tells it from others) below `folder`."""

    def __init__(self, folder: Path, key: str) -> None:
        name = hashlib.sha256(f"{FORMAT}\n{key}".encode()).hexdigest()[:16]
        self._folder = folder / name

    def rows(self, name: str, versions: Mapping[str, str], read: Read, whole: bool) -> pa.Table:
        """The rows of the runs in `versions`: kept ones, and by `read(ids)` all others. `read`
        answers a table with a column `store_id`, in which a run has any number of rows. `whole`:
        the store has no other run, so that what is kept of others can go."""
        kept, held = self._load(name)
        known = {run_id for run_id, version in versions.items() if held.get(run_id) == version}
        missing = [run_id for run_id in versions if run_id not in known]
        current = kept if len(known) == len(held) else _of(kept, known)
        if not known:
            current = read(missing)
        elif missing:
            current = _joined([current, read(missing)])
        others = {} if whole else {key: held[key] for key in held.keys() - versions.keys()}
        if missing or len(known) + len(others) < len(held):
            whole_table = _joined([_of(kept, set(others)), current]) if others else current
            self._save(name, whole_table, {**others, **versions})
        return current

    def _load(self, name: str) -> tuple[pa.Table, dict[str, str]]:
        path = self._folder / f"{name}.parquet"
        try:
            table = pq.read_table(path, memory_map=False)
            return table, json.loads((table.schema.metadata or {})[VERSIONS])
        except (OSError, ValueError, KeyError, pa.ArrowException):
            return EMPTY, {}

    def _save(self, name: str, table: pa.Table, versions: Mapping[str, str]) -> None:
        path = self._folder / f"{name}.parquet"
        scratch = path.with_suffix(f".{os.getpid()}.new")
        marked = table.unify_dictionaries().replace_schema_metadata(
            {VERSIONS: json.dumps(versions)}
        )
        with contextlib.suppress(OSError, pa.ArrowException):
            self._folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(marked, scratch, compression="zstd")
            scratch.replace(path)
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)


def _of(table: pa.Table, ids: set[str]) -> pa.Table:
    return table.filter(pc.is_in(table[ID], value_set=pa.array(sorted(ids), pa.string())))


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def in_order(table: pa.Table, ids: Sequence[str]) -> pa.Table:
    """One row an id, in the order given."""
    at = {run_id: number for number, run_id in enumerate(table[ID].to_pylist())}
    return table.take(pa.array(np.array([at[run_id] for run_id in ids], dtype=np.int64)))
