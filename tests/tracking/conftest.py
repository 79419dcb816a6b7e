from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs, made once, since MLflow takes a second to make its tables."""
    from joulelab.tracking.mlflow_library import MlflowClient

    path = tmp_path_factory.mktemp("tables") / "joulelab.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def mlruns(tmp_path: Path, tables: Path) -> Path:
    folder = tmp_path / "mlruns"
    folder.mkdir()
    shutil.copy(tables, folder)
    return folder
