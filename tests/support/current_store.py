"""An MLflow store that moves house: one process of a store serves many tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from joulelab.tracking.mlflow_store import MlflowStore


class CurrentStore:
    """The store in the folder whose name the file `pointer` holds now."""

    def __init__(self, pointer: Path) -> None:
        self._pointer = pointer
        self._folder = ""
        self._store: MlflowStore | None = None

    def __getattr__(self, name: str) -> Any:
        folder = self._pointer.read_text(encoding="utf-8")
        if self._store is None or folder != self._folder:
            self._folder, self._store = folder, MlflowStore(folder=folder)
        return getattr(self._store, name)
