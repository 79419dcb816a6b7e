"""Runs in MLflow: a local SQLite file, or any MLflow server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from joulelab.errors import StoreError
from joulelab.records import PARENT, RunRecord
from joulelab.tracking import mlflow_entries as entries
from joulelab.tracking import mlflow_study, sqlite_file
from joulelab.tracking.columns import CURVE, FIXED
from joulelab.tracking.mlflow_errors import mapped
from joulelab.tracking.mlflow_library import MlflowClient, MlflowException, Param, Run, RunTag
from joulelab.tracking.mlflow_reading import Reading

# Opens the experiment in the view for trained models; without it MLflow 3 shows the one for agents.
VIEW = {"mlflow.experimentKind": "custom_model_development"}


class MlflowStore:
    """`uri=None`: `<folder>/joulelab.db`. Artifacts of a SQLite store lie in `<folder>/artifacts`,
    those of a server where it puts them. A put that changes what MLflow cannot replace (a metric,
    a param) supersedes the MLflow run; the old one is then in MLflow's bin."""

    def __init__(
        self,
        uri: str | None = None,
        experiment: str = "joulelab",
        folder: str | Path = "mlruns",
        timeout_s: float = 10.0,
    ) -> None:
        folder = Path(folder).absolute()
        self._uri = uri or f"{sqlite_file.PREFIX}{folder / 'joulelab.db'}"
        self._file = sqlite_file.path_of(self._uri)
        self._cache_folder = folder / "cache"
        self._artifact_root = None if self._file is None else (folder / "artifacts").as_uri()
        self._experiment = experiment
        self._timeout_s = timeout_s
        self._where = shown(self._uri)
        self._client: MlflowClient | None = None
        self._experiment_ids: dict[str, str] = {}
        self._run_ids: dict[str, str] = {}

    @property
    def location(self) -> str:
        if self._file is None:
            return self._where
        return f"{self._where} (to look: mlflow ui --backend-store-uri sqlite:///{self._where})"

    def open(self) -> None:
        """Makes or checks the store, so that the first `begin` finds it ready."""
        with self._writing():
            pass

    def begin(self, record: RunRecord) -> None:
        with self._writing() as client:
            if self._find(client, record) is None:
                self._create(client, record, {})

    def put(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None:
        digest = entries.digest(record, artifacts)
        with self._writing() as client:
            run = self._find(client, record)
            if run is not None and run.data.tags.get(entries.DIGEST) == digest:
                return
            if run is not None and entries.contradicts(run, record):
                client.delete_run(run.info.run_id)
                kept = {key: run.data.tags[key] for key in run.data.tags if key != entries.DIGEST}
                run = self._create(client, record, kept)
            elif run is None:
                run = self._create(client, record, {})
            self._fill(client, run, record)
            run_id = run.info.run_id
            for name in artifacts:
                if (folder / name).is_dir():
                    client.log_artifacts(run_id, str(folder / name), artifact_path=name)
                else:
                    client.log_artifact(run_id, str(folder / name))
            client.log_batch(run_id, tags=[RunTag(entries.DIGEST, digest)])

    def grow(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None:
        with self._writing() as client:
            run = self._find(client, record)
            if run is None:
                run = self._create(client, record, {})
                mlflow_study.adopt(client, run, record.run_uid)
            mlflow_study.update(client, run, record)
            for name in artifacts:
                client.log_artifact(run.info.run_id, str(folder / name))

    def rows(self, select: str | None = None) -> Sequence[Mapping[str, Any]]:
        with self._reading() as reading:
            return [] if reading is None else reading.rows(select)

    def frame(self, select: str | None = None) -> pa.Table:
        with self._reading() as reading:
            return FIXED.empty_table() if reading is None else reading.frame(select)

    def curves(self, store_ids: Sequence[str]) -> pa.Table:
        with self._reading() as reading:
            return CURVE.empty_table() if reading is None else reading.curves(store_ids)

    @contextmanager
    def _reading(self) -> Iterator[Reading | None]:
        """None where there is no store yet: reading makes none."""
        if self._file is not None and not sqlite_file.check_readable(self._file, self._timeout_s):
            yield None
            return
        with mapped(self._where):
            client = self._opened()
            yield Reading(client, self._experiment, self._uri, self._cache_folder)

    @contextmanager
    def _writing(self) -> Iterator[MlflowClient]:
        with mapped(self._where):
            if self._file is not None:
                sqlite_file.check_writable(self._file, self._timeout_s, MlflowClient)
            yield self._opened()

    def _opened(self) -> MlflowClient:
        if self._client is None:
            self._client = MlflowClient(self._uri)
        return self._client

    def _experiment_id(self, client: MlflowClient, name: str) -> str:
        if name not in self._experiment_ids:
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                try:
                    client.create_experiment(name, artifact_location=self._artifact_root, tags=VIEW)
                except MlflowException as error:
                    # Another run made it between the two calls.
                    if error.error_code != "RESOURCE_ALREADY_EXISTS":
                        raise
                experiment = client.get_experiment_by_name(name)
            assert experiment is not None
            if experiment.lifecycle_stage != "active":
                raise StoreError(
                    f"the experiment {name!r} is in MLflow's bin",
                    where=self._where,
                    cure="restore it there, or say tracking.experiment=...",
                )
            self._experiment_ids[name] = experiment.experiment_id
        return self._experiment_ids[name]

    def _find(self, client: MlflowClient, record: RunRecord) -> Run | None:
        run_id = self._run_ids.get(record.run_uid)
        if run_id is not None:
            run = client.get_run(run_id)
            if run.info.lifecycle_stage == "active":
                return run
        return self._of_uid(client, record.experiment, record.run_uid)

    def _of_uid(self, client: MlflowClient, experiment: str, uid: str) -> Run | None:
        experiment_id = self._experiment_id(client, experiment)
        wanted = f"tags.`{entries.RUN_UID}` = '{uid}'"
        found = client.search_runs([experiment_id], wanted, max_results=1)
        return found[0] if found else None

    def _create(self, client: MlflowClient, record: RunRecord, kept: Mapping[str, str]) -> Run:
        run = client.create_run(
            self._experiment_id(client, record.experiment),
            start_time=record.start_wall_ns // entries.NS_PER_MS,
            tags={**kept, **self._parent(client, record), **entries.tags(record)},
            run_name=record.name,
        )
        run_id = run.info.run_id
        self._run_ids[record.run_uid] = run_id
        params = [Param(key, value) for key, value in entries.params(record).items()]
        for batch in entries.batches(params, entries.PARAMS_A_BATCH):
            client.log_batch(run_id, params=batch)
        return client.get_run(run_id)

    def _parent(self, client: MlflowClient, record: RunRecord) -> dict[str, str]:
        uid = record.tags.get(PARENT)
        parent = None if uid is None else self._of_uid(client, record.experiment, uid)
        return {} if parent is None else {mlflow_study.PARENT_RUN: parent.info.run_id}

    def _fill(self, client: MlflowClient, run: Run, record: RunRecord) -> None:
        run_id = run.info.run_id
        for params in entries.batches(entries.missing_params(run, record), entries.PARAMS_A_BATCH):
            client.log_batch(run_id, params=params)
        for metrics in entries.batches(entries.metrics(record), entries.METRICS_A_BATCH):
            client.log_batch(run_id, metrics=metrics)
        tags = entries.changed_tags(run, entries.tags(record))
        for batch in entries.batches(tags, entries.TAGS_A_BATCH):
            client.log_batch(run_id, tags=batch)
        if record.status == "RUNNING" or record.stop_wall_ns is None:
            client.update_run(run_id, status=record.status)
        else:
            client.set_terminated(run_id, record.status, record.stop_wall_ns // entries.NS_PER_MS)


def shown(uri: str) -> str:
    """The store as a person knows it: a file relative to here, a server without its password."""
    file = sqlite_file.path_of(uri)
    if file is not None:
        near = os.path.relpath(file)
        return str(file) if near.startswith("..") else near
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
