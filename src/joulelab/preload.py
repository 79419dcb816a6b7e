"""Imported once by the server that jobs are forked from: modules only, nothing that starts threads,
CUDA or TensorFlow. A package that is not there is left to the job that wants it."""

from __future__ import annotations

import importlib
import os
import sys

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

MODULES = (
    "numpy",
    "pyarrow.parquet",
    "rich.progress",
    "joulelab.learners.lightning",
    "joulelab.learners.sklearn",
    "joulelab.learners.baseline",
    "joulelab.tracking.mlflow_store",
    "joulelab.run",
    "joulelab.train",
)

for _name in MODULES:
    try:
        importlib.import_module(_name)
    except Exception as error:  # noqa: BLE001  the job meets it again and says it properly
        print(f"joulelab: {_name} is not preloaded: {error}", file=sys.stderr)
