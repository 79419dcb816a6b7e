from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.programs import Forks

# A busy machine must fail no property test: only wrong answers do.
settings.register_profile("joulelab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("joulelab")


MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 * 2**30


def pytest_configure() -> None:
    # Thousands of small databases sync at once in memory; no test is about a loss of power.
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    # What is started in the background hears no SIGINT, nor does what it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # OpenMP's threads spin while they wait: beside another process that costs eight times the work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


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
