"""Recorded tables that stay outside the project: tests of them are skipped where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

needs_shared_data = pytest.mark.skipif(
    "JOULELAB_SHARED_DATA" not in os.environ, reason="JOULELAB_SHARED_DATA is not set"
)


def table(*parts: str) -> pd.DataFrame:
    return pd.read_csv(Path(os.environ["JOULELAB_SHARED_DATA"], *parts))


def change_runs() -> pd.DataFrame:
    return table("performance_tracking", "verlynde_change_runs.csv")
