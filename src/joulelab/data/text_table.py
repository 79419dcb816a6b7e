"""Tables of numbers in text files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from joulelab.errors import DataError


def read_numbers(path: Path) -> Any:
    """(rows, columns) float32 of comma-separated numbers without header; DataError, with the line,
    for anything else."""
    try:
        return np.loadtxt(path, np.float32, delimiter=",", ndmin=2)
    except (OSError, ValueError) as error:
        raise DataError(_reason(error), where=str(path), cure="put the whole file there") from error


def read_table(path: Path) -> Any:
    """A pandas table with a header, as pandas reads it; DataError where it cannot."""
    import pandas as pd

    try:
        return pd.read_csv(path, skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise DataError(
            _reason(error), where=str(path), cure="give a CSV file with header"
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return f"is no table of numbers: {str(error).splitlines()[0].rstrip('.')}"
