from __future__ import annotations

import shutil

import pytest
from support import programs


@pytest.fixture
def program(tmp_path):
    """Runs a command of the checkout with everything it writes below a temporary root."""

    def run(*arguments, root=tmp_path, **environment):
        return programs.started(
            *programs.order(root, arguments, TMPDIR=str(tmp_path), **environment)
        )

    return run


@pytest.fixture
def command(tmp_path, forks, tables):
    """As `program`, in a fraction of its time: imports are done, and the store has its tables."""
    (tmp_path / "mlruns").mkdir()
    shutil.copy(tables, tmp_path / "mlruns")

    def run(*arguments, root=tmp_path, **environment):
        return forks.run(*programs.order(root, arguments, TMPDIR=str(tmp_path), **environment))

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
