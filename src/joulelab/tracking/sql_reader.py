"""MLflow's tables read as columns: `mlflow.search_runs` makes an object a cell, this does not.

Works on every database that MLflow does (SQLAlchemy); MLflow has checked the version of the tables
before, when it opened the store.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from joulelab.records import STUDY
from joulelab.tracking.columns import CURVE, Cells, Numbering, curve_table

CURVE_PREFIX = "curve/"
NS_PER_MS = 1_000_000
ROWS_AT_ONCE = 20_000
IDS_AT_ONCE = 500
FEW = 0.2
"""Below this share of the store's runs they are asked for by name, above it the table is scanned."""
STORED_INFINITY = 1.7976931348623157e308
"""What MLflow's SQL store writes for infinity."""

Row = tuple[Any, ...]


class SqlReader:
    """Of the active runs of one experiment, without its studies. All `ids` are MLflow's."""

    def __init__(self, engine: Engine, experiment_id: str) -> None:
        self._engine = engine
        self._experiment_id = int(experiment_id)

    def runs(self) -> list[Row]:
        """(id, name, status, start ms, end ms), the earliest start first."""
        query = (
            "SELECT r.run_uuid, r.name, r.status, r.start_time, r.end_time FROM runs r "
            f"WHERE r.experiment_id = {self._experiment_id} AND r.lifecycle_stage = 'active' AND NOT "
            f"EXISTS (SELECT 1 FROM tags t WHERE t.key = '{STUDY}' AND t.run_uuid = r.run_uuid)"
        )
        found = [row for rows in self._batches(query) for row in zip(*rows, strict=True)]
        return sorted(found, key=lambda row: (row[3] or 0, row[0]))

    def versions(self, ids: Sequence[str]) -> dict[str, str]:
        """A text a run that changes whenever its params or metrics do.

        MLflow never takes a param back; a metric that is logged is one more row of its history, and
        becomes the latest only with a greater (step, time, value). The rest is for hands in the
        tables. All of it is exact: the order of a sum of doubles differs between two reads.
        """
        parts: dict[str, list[str]] = {run_id: [] for run_id in ids}
        for query in (
            "SELECT t.run_uuid, count(*) FROM metrics t{where} GROUP BY t.run_uuid",
            "SELECT t.run_uuid, count(*), sum(t.step), sum(t.timestamp), min(t.value), max(t.value) "
            "FROM latest_metrics t{where} GROUP BY t.run_uuid",
            "SELECT t.run_uuid, count(*), sum(length(t.value)) FROM params t{where} "
            "GROUP BY t.run_uuid",
        ):
            for columns in self._of(query, ids):
                for run_id, *values in zip(*columns, strict=True):
                    if run_id in parts:
                        parts[run_id].append(",".join(map(str, values)))
        return {
            run_id: blake2b(";".join(values).encode(), digest_size=12).hexdigest()
            for run_id, values in parts.items()
        }

    def tags(self, ids: Sequence[str]) -> dict[str, pa.Array]:
        return self._texts("tags", ids)

    def values(self, ids: Sequence[str]) -> dict[str, pa.Array]:
        """Columns `params.*` and `metrics.*`."""
        index = {run_id: number for number, run_id in enumerate(ids)}
        cells = Cells(index)
        query = "SELECT t.run_uuid, t.key, t.value, t.is_nan FROM latest_metrics t{where}"
        for runs, keys, values, nan in self._of(query, ids):
            cells.add_numbers(runs, keys, _numbers(values, nan))
        return self._texts("params", ids) | cells.columns("metrics")

    def curves(self, ids: Sequence[str]) -> pa.Table:
        """As `columns.curve_table`, of the metrics whose name starts with `curve/`."""
        index = {run_id: number for number, run_id in enumerate(ids)}
        names = Numbering()
        parts = []
        # In the order of the primary key, whose index then answers without the table; a range finds
        # its part of it, where the order of texts is that of their bytes.
        starts = f"substr(t.key, 1, {len(CURVE_PREFIX)}) = '{CURVE_PREFIX}'"
        if self._engine.dialect.name == "sqlite":
            starts = f"t.key >= '{CURVE_PREFIX}' AND t.key < '{CURVE_PREFIX[:-1]}0'"
        query = (
            "SELECT t.run_uuid, t.key, t.step, t.value, t.is_nan FROM metrics t{where} "
            f"{{and}} {starts} ORDER BY t.key, t.timestamp"
        )
        for runs, keys, steps, values, nan in self._of(query, ids):
            rows = np.fromiter((index.get(run, -1) for run in runs), np.int32, len(runs))
            known = rows >= 0
            parts.append(
                (
                    rows[known],
                    names.of(keys)[known],
                    np.asarray(steps, dtype=np.int64)[known],
                    _numbers(values, nan)[known],
                )
            )
        if not parts:
            return CURVE.empty_table()
        runs, keys, steps, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        short = [name.removeprefix(CURVE_PREFIX) for name in names]
        return curve_table(list(ids), runs, keys, steps, values, short)

    def _texts(self, table: str, ids: Sequence[str]) -> dict[str, pa.Array]:
        cells = Cells({run_id: number for number, run_id in enumerate(ids)})
        query = f"SELECT t.run_uuid, t.key, t.value FROM {table} t{{where}}"
        for runs, keys, values in self._of(query, ids):
            cells.add_texts(runs, keys, values)
        return cells.columns(table)

    def _of(self, query: str, ids: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
        """Columns of the answer, batch by batch; where a scan is cheaper, of other runs too."""
        if len(ids) > FEW * self._count:
            yield from self._batches(query.format(where="", **{"and": "WHERE"}))
            return
        for first in range(0, len(ids), IDS_AT_ONCE):
            listed = ", ".join(f"'{run_id}'" for run_id in ids[first : first + IDS_AT_ONCE])
            where = f" WHERE t.run_uuid IN ({listed})"
            yield from self._batches(query.format(where=where, **{"and": "AND"}))

    @property
    def _count(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM runs").scalar_one())

    def _batches(self, query: str) -> Iterator[Sequence[Sequence[Any]]]:
        # The driver's own cursor: SQLAlchemy's makes an object a row, five times the time. That of
        # PostgreSQL holds the whole answer unless it has a name.
        connection = self._engine.raw_connection()
        named = {"name": "joulelab"} if self._engine.dialect.name == "postgresql" else {}
        try:
            with closing(connection.cursor(**named)) as cursor:
                cursor.execute(query)
                while columns := _fetch(cursor):
                    yield columns
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise SQLAlchemyError(str(error)) from error
        finally:
            connection.close()


def _fetch(cursor: Any) -> list[tuple[Any, ...]]:
    """The next rows as columns; empty at the end."""
    # Tuples by the thousand, none of them in a cycle: the collector would walk all that MLflow has
    # loaded again and again for nothing, which takes twice as long as the reading.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return list(zip(*cursor.fetchmany(ROWS_AT_ONCE), strict=True))
    finally:
        if collecting:
            gc.enable()


def _numbers(values: Sequence[float], nan: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = np.asarray(values, dtype=np.float64)
    infinite = np.abs(numbers) >= STORED_INFINITY
    if infinite.any():
        numbers[infinite] = np.copysign(np.inf, numbers[infinite])
    numbers[np.asarray(nan, dtype=bool)] = np.nan
    return numbers


def fixed_columns(
    runs: Sequence[Row], uids: Mapping[str, str | None], experiment_id: str
) -> dict[str, pa.Array]:
    """The columns that every table of runs has; `uids` by MLflow's id."""
    path = f"#/experiments/{experiment_id}/runs"
    times = {
        name: pa.array(
            [None if row[at] is None else row[at] * NS_PER_MS for row in runs], pa.int64()
        )
        for name, at in (("start_wall_ns", 3), ("stop_wall_ns", 4))
    }
    return {
        "run_id": pa.array([uids.get(row[0]) or row[0] for row in runs], pa.string()),
        "store_id": pa.array([row[0] for row in runs], pa.string()),
        "name": pa.array([row[1] for row in runs], pa.string()),
        "status": pa.array([row[2] for row in runs], pa.string()),
        **times,
        "ui_path": pa.array([f"{path}/{row[0]}" for row in runs], pa.string()),
    }
