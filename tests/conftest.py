from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.programs import Forks

# A busy machine must fail no property test: only wrong answers do.
settings.register_profile("joulelab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("joulelab")


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Forks:
    running = Forks(tmp_path_factory.mktemp("forks"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs, made once, since MLflow takes a second to make its tables."""
    from joulelab.tracking.mlflow_library import MlflowClient

    path = tmp_path_factory.mktemp("tables") / "joulelab.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path
