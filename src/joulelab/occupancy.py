"""Who else is being weighed on this machine: meters see all of it, so a measured run wants it alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from joulelab.errors import ConfigError

LOCK = "joulelab.lock"


@contextlib.contextmanager
def occupy(measured: bool, allow_concurrent: bool, lock: Path | None = None) -> Iterator[bool]:
    """Holds the machine while entered: alone for a measured run, shared otherwise; yields whether
    others may be at work beside it. `lock`: by default in the folder for temporary files, which all
    runs of a machine have in common. ConfigError where that would spoil a measurement."""
    lock = lock or Path(tempfile.gettempdir()) / LOCK
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    with contextlib.suppress(PermissionError):
        lock.chmod(0o666)
    try:
        alone = _try(descriptor, fcntl.LOCK_EX if measured else fcntl.LOCK_SH)
        if not alone and not allow_concurrent:
            raise ConfigError(
                "another run is being weighed on this machine and each would pay for the other",
                cure="wait for it, or say allow_concurrent=true to mark both as concurrent",
            )
        yield not alone
    finally:
        os.close(descriptor)


def _try(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
