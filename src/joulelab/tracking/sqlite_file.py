"""A local store's file, tried before MLflow does: it retries for minutes, we say why at once."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from joulelab.errors import StoreError
from joulelab.tracking.mlflow_errors import is_known_schema, locked, newer

PREFIX = "sqlite:///"
NEW_STORE_BYTES = 4 * 2**20
"""Twice what the tables of MLflow 3 take."""


def path_of(uri: str) -> Path | None:
    """The file behind a `sqlite:///` URI, None for any other kind of store."""
    return Path(uri.removeprefix(PREFIX)) if uri.startswith(PREFIX) else None


def check_writable(path: Path, timeout_s: float, make: Callable[[str], object]) -> None:
    """Makes the store by `make(uri)` where there is none. StoreUnreachable for a lock that outlasts
    `timeout_s`, StoreMismatch for tables of a newer MLflow, StoreError for what cannot be written
    or is no database."""
    if not _exists(path):
        try:
            _create(path, make)
        except OSError as error:
            raise _unusable(path.parent, error.strerror or str(error)) from error
    _check(path, timeout_s, "BEGIN IMMEDIATE")


def check_readable(path: Path, timeout_s: float) -> bool:
    """False where there is no store yet; errors as `check_writable`."""
    if not _exists(path):
        return False
    _check(path, timeout_s, "BEGIN")
    return True


def _exists(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _create(path: Path, make: Callable[[str], object]) -> None:
    # Making the tables is a second of many steps: done beside, by one process, then renamed, so
    # that neither a second run nor a kill ever meets half of them.
    path.parent.mkdir(parents=True, exist_ok=True)
    free_bytes = shutil.disk_usage(path.parent).free
    if free_bytes < NEW_STORE_BYTES:
        # MLflow would try for minutes and then complain of half a table.
        raise _unusable(path.parent, f"the disk is full ({free_bytes / 2**20:.1f} MiB are free)")
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _exists(path):
            return
        scratch = path.with_name(f".{path.name}.new")
        scratch.unlink(missing_ok=True)
        make(f"{PREFIX}{scratch}")
        scratch.replace(path)


def _check(path: Path, timeout_s: float, begin: str) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=timeout_s, isolation_level=None)) as database:
            database.execute(begin)
            made = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
            versions: list[tuple[str]] = []
            if database.execute(made).fetchone()[0]:
                versions = database.execute("SELECT version_num FROM alembic_version").fetchall()
            database.execute("ROLLBACK")
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise locked(str(path)) from error
        raise _unusable(path, str(error)) from error
    # Before MLflow sees it: it would try to add the tables it misses to a newer store.
    if not all(is_known_schema(version) for (version,) in versions):
        raise newer(str(path))


def _unusable(path: Path, reason: str) -> StoreError:
    return StoreError(
        f"cannot hold the run store: {reason}",
        where=str(path),
        cure="say paths.mlruns=... for a folder that can be written",
    )
