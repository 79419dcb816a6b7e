"""One sweeper at a time where a decision is read and written in one: who takes a trial.

Optuna's own hand-over of a waiting trial is not atomic on SQLite, which knows no row locks.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joulelab.errors import StoreUnreachable

PATIENCE_S = 60.0


@contextmanager
def exclusive(url: str, name: str, engine: Any) -> Iterator[None]:
    """Holds the lock of study `name`. That of a dead process is free at once; beside a journal that
    of another machine's after 30 s."""
    if url.startswith("sqlite"):
        with _file(Path(url.partition("///")[2].partition("?")[0] + ".lock")):
            yield
    elif url.startswith("journal"):
        with _link(url.removeprefix("journal://") + ".claim"):
            yield
    else:
        with _advisory(engine, name):
            yield


@contextmanager
def _file(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise StoreUnreachable(
                        "the study stays locked by another process", where=str(path)
                    ) from None
                time.sleep(0.002)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _link(path: str) -> Iterator[None]:
    from joulelab.sweeps.journal import LinkLock

    lock = LinkLock(path)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory(engine: Any, name: str) -> Iterator[None]:
    import sqlalchemy

    key = {"key": zlib.crc32(f"joulelab:{name}".encode())}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), key)
        try:
            yield
        finally:
            connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), key)
