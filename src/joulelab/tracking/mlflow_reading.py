"""What MLflow holds of one experiment: as rows by its own API, as columns by SQL where that reaches."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy
from sqlalchemy import Engine

from joulelab.records import STUDY
from joulelab.tracking import columns
from joulelab.tracking import mlflow_entries as entries
from joulelab.tracking.cache import Cache, in_order
from joulelab.tracking.mlflow_errors import of_filter
from joulelab.tracking.mlflow_library import MlflowClient, MlflowException, Run
from joulelab.tracking.sql_reader import CURVE_PREFIX, SqlReader, fixed_columns

ROWS_A_PAGE = 1000


class Reading:
    """`client` is open; `cache_folder` is where answers are kept."""

    def __init__(self, client: MlflowClient, experiment: str, uri: str, cache_folder: Path) -> None:
        self._client = client
        found = client.get_experiment_by_name(experiment)
        self._experiment_id: str | None = None if found is None else found.experiment_id
        engine = engine_of(client)
        self._sql = None
        if engine is not None and self._experiment_id is not None:
            self._sql = SqlReader(engine, self._experiment_id)
            self._cache = Cache(cache_folder, f"{uri}\n{self._experiment_id}")

    def rows(self, select: str | None) -> list[Mapping[str, Any]]:
        return [entries.row(run) for run in self._search(select) if STUDY not in run.data.tags]

    def frame(self, select: str | None) -> pa.Table:
        if self._experiment_id is None:
            return columns.FIXED.empty_table()
        if self._sql is None:
            return columns.table_of(self.rows(select))
        runs = self._sql.runs()
        if select and select.strip():
            chosen = self._chosen(select)
            runs = [row for row in runs if row[0] in chosen]
        if not runs:
            return columns.FIXED.empty_table()
        ids = [row[0] for row in runs]
        # Versions before values: a run that changes in between is read again the next time.
        versions = self._sql.versions(ids)
        values = self._cache.rows("runs", versions, self._values, whole=not select)
        tags = self._sql.tags(ids)
        uids = tags.get(f"tags.{entries.RUN_UID}")
        known = dict(zip(ids, [] if uids is None else uids.to_pylist(), strict=False))
        found = fixed_columns(runs, known, self._experiment_id)
        ordered = in_order(values, ids).drop_columns(["store_id"])
        found |= dict(zip(ordered.column_names, ordered.columns, strict=True))
        return pa.table(found | tags)

    def curves(self, store_ids: Sequence[str]) -> pa.Table:
        ids = list(store_ids)
        if not ids or self._experiment_id is None:
            return columns.CURVE.empty_table()
        if self._sql is None:
            return self._curves_by_api(ids)
        versions = self._sql.versions(ids)
        return self._cache.rows("curves", versions, self._sql.curves, whole=False)

    def _values(self, ids: Sequence[str]) -> pa.Table:
        assert self._sql is not None
        return pa.table({"store_id": pa.array(ids, pa.string()), **self._sql.values(ids)})

    def _chosen(self, select: str) -> set[str]:
        """Ids of what MLflow's filter chooses: by the clauses that MLflow makes of it, without the
        runs themselves; where a version of MLflow makes them otherwise, by its search."""
        with filtered():
            try:
                return chosen_ids(self._client, str(self._experiment_id), select)
            except (ImportError, AttributeError, MlflowException) as error:
                # Within a session MLflow makes any error one of its own.
                if getattr(error, "error_code", None) == "INVALID_PARAMETER_VALUE":
                    raise
                return {run.info.run_id for run in self._search(select)}

    def _search(self, select: str | None) -> list[Run]:
        if self._experiment_id is None:
            return []
        found: list[Run] = []
        token = None
        while True:
            with filtered():
                page = self._client.search_runs(
                    [self._experiment_id],
                    filter_string=select or "",
                    max_results=ROWS_A_PAGE,
                    order_by=["attributes.start_time ASC"],
                    page_token=token,
                )
            found += page
            token = page.token
            if not token:
                return found

    def _curves_by_api(self, ids: Sequence[str]) -> pa.Table:
        """One question a run and metric: a server answers no faster."""
        names = columns.Numbering()
        points: list[tuple[int, int, int, float]] = []
        for number, run_id in enumerate(ids):
            stored = self._client.get_run(run_id).data.metrics
            for key in sorted(key for key in stored if key.startswith(CURVE_PREFIX)):
                code = names[key.removeprefix(CURVE_PREFIX)]
                history = self._client.get_metric_history(run_id, key)
                points += [
                    (number, code, point.step, point.value)
                    for point in sorted(history, key=lambda each: each.timestamp)
                ]
        if not points:
            return columns.CURVE.empty_table()
        runs, codes, steps, values = (np.array(each) for each in zip(*points, strict=True))
        return columns.curve_table(ids, runs, codes, steps, values, names)


@contextmanager
def filtered() -> Iterator[None]:
    """A filter that MLflow cannot read as a ConfigError."""
    try:
        yield
    except MlflowException as error:
        if error.error_code == "INVALID_PARAMETER_VALUE":
            raise of_filter(error) from error
        raise


def engine_of(client: MlflowClient) -> Engine | None:
    """The database behind the client, None for a server."""
    store = getattr(getattr(client, "_tracking_client", None), "store", None)
    engine = getattr(store, "engine", None)
    return engine if isinstance(engine, Engine) else None


def chosen_ids(client: MlflowClient, experiment_id: str, select: str) -> set[str]:
    """As `SqlAlchemyStore.search_runs` chooses them, without loading what it would."""
    # Not MLflow's public interface, so that nothing is known of it: `_chosen` has another way.
    sql: Any = importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
    search: Any = importlib.import_module("mlflow.utils.search_utils").SearchUtils
    store: Any = client._tracking_client.store
    runs = sql.SqlRun
    with store.ManagedSessionMaker() as session:
        attributes, others, data_sets = sql._get_sqlalchemy_filter_clauses(
            search.parse_search_filter(select), session, store._get_dialect()
        )
        query = sqlalchemy.select(runs.run_uuid)
        for clause in others:
            query = query.join(clause)
        for clause in data_sets:
            query = query.join(clause, runs.run_uuid == clause.c.destination_id)
        query = query.filter(
            runs.experiment_id == int(experiment_id),
            runs.lifecycle_stage == "active",
            *attributes,
        )
        return set(session.execute(query).scalars())
