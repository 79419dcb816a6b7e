from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(tmp_path):
    """Runs a command of the checkout with everything it writes below a temporary root."""

    def run(*arguments, root=tmp_path, **environment):
        names = {"train": "train.py", "analyze": "analyze.py"}
        program = names.get(arguments[0])
        first = [program] if program else ["-m", "joulelab.cli", arguments[0]]
        return subprocess.run(
            [sys.executable, *first, *map(str, arguments[1:])],
            cwd=CHECKOUT,
            env={**os.environ, "JOULELAB_ROOT": str(root), "TMPDIR": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


@pytest.fixture
def refused():
    """One sentence on standard error, exit code 2, no traceback."""

    def check(done, *words):
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("joulelab: ")
        assert all(word in last for word in words), last

    return check
