from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


@pytest.fixture
def mlruns(tmp_path: Path, tables: Path) -> Path:
    folder = tmp_path / "mlruns"
    folder.mkdir()
    shutil.copy(tables, folder)
    return folder
