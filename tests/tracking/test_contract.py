from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from contracts.run_store import RunStoreContract
from support.current_store import CurrentStore
from support.records import make_record
from support.server import Server

from joulelab.protocols import RunStore
from joulelab.tracking.mlflow_library import MlflowClient
from joulelab.tracking.mlflow_store import MlflowStore
from joulelab.tracking.null_store import NullStore
from joulelab.tracking.store_process import StoreProcess


class TestMlflowOnSqlite(RunStoreContract):
    @pytest.fixture
    def store(self, mlruns: Path) -> RunStore:
        return MlflowStore(folder=mlruns)


@pytest.fixture(scope="module")
def pointer(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Path:
    path = tmp_path_factory.mktemp("pointer") / "folder"
    path.write_text(str(tables.parent), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def process(pointer: Path) -> RunStore:
    return StoreProcess(functools.partial(CurrentStore, pointer))


class TestStoreProcess(RunStoreContract):
    @pytest.fixture
    def store(self, process: RunStore, pointer: Path, mlruns: Path) -> RunStore:
        pointer.write_text(str(mlruns), encoding="utf-8")
        return process

    def test_it_opens_what_it_is_given(self, mlruns: Path) -> None:
        store = StoreProcess(functools.partial(MlflowStore, folder=mlruns))
        assert str(mlruns) in store.location


class TestNullStore(RunStoreContract):
    @pytest.fixture
    def store(self, outputs: Path) -> RunStore:
        return NullStore([outputs])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[str]:
    """A real `mlflow server` on loopback."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(tables, folder / "server.db")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--workers", "1", "--serve-artifacts"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    with Server(folder, lambda port: [*command, "--port", str(port)], environment) as running:
        yield running.url


@pytest.mark.slow
class TestMlflowOnAServer(RunStoreContract):
    @pytest.fixture
    def store(self, server: str) -> RunStore:
        return _InOwnExperiment(server)

    def test_artifacts_are_on_the_server(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record())
        assert isinstance(store, _InOwnExperiment)
        client = MlflowClient(store.uri)
        (run,) = client.search_runs([client.get_experiment_by_name(store.experiment).experiment_id])
        names = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert names == {"config.yaml", "phases.json", "model"}


class _InOwnExperiment(MlflowStore):
    """The server is one for all tests: records go to an experiment of the test's own."""

    def __init__(self, uri: str) -> None:
        self.uri, self.experiment = uri, uuid4().hex
        super().__init__(uri, self.experiment)

    def begin(self, record):
        record.experiment = self.experiment
        super().begin(record)

    def put(self, record, folder, artifacts):
        record.experiment = self.experiment
        super().put(record, folder, artifacts)
