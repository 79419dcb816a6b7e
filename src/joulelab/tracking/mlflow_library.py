"""MLflow, imported once and quietly: no call home, no progress bars, no minutes of retries.

A value that the environment already holds wins.
"""

import os

for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}.items():
    os.environ.setdefault(_name, _value)

# After the environment: MLflow reads it while it is imported. The SQL store comes along, so that
# jobs forked from a process that holds this module find the default store ready.
import mlflow.store.artifact.local_artifact_repo  # noqa: E402
import mlflow.store.tracking.sqlalchemy_store  # noqa: E402, F401
from alembic.util import CommandError  # noqa: E402
from mlflow import MlflowClient, store  # noqa: E402
from mlflow.entities import Metric, Param, Run, RunTag  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

FOREIGN = (MlflowException, SQLAlchemyError, CommandError)
"""Whatever MLflow and what it stands on raise."""

__all__ = [
    "FOREIGN",
    "Metric",
    "MlflowClient",
    "MlflowException",
    "Param",
    "Run",
    "RunTag",
    "store",
]
