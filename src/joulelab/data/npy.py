"""numpy's own files, read without pickles."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.errors import DataError


def load_npy(path: Path) -> Any:
    """DataError: not there, cut short, or with objects in it."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from error


def load_npz(path: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """The arrays of these names; DataError as in `load_npy`, and for a needed one that is missing."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in needed if name not in archive]
            if missing:
                raise DataError(f"holds no array {missing[0]}", where=str(path))
            return {name: archive[name] for name in (*needed, *optional) if name in archive}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = "no such file" if isinstance(error, FileNotFoundError) else "is no whole numpy file"
    return DataError(reason, where=str(path), cure="delete it, try again")
