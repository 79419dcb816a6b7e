"""Optuna's storages, opened so that they stand several sweepers and a full disk, and their errors as
one sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulelab.errors import ConfigError, StoreError, StoreUnreachable
from joulelab.sweeps import locks

if TYPE_CHECKING:
    from optuna.storages import BaseStorage, RDBStorage

BUSY_S = 60.0
FULL = ("disk is full", "disk I/O error", "No space left", "File too large", "could not extend")


def url_of(storage: str | None, folder: Path) -> str:
    """Of what a person wrote: nothing (SQLite below `folder`), `journal` (a file there, for shared
    file systems), or a URL. ConfigError for anything else."""
    if not storage:
        return f"sqlite:///{folder / 'study.db'}"
    if storage == "journal":
        return f"journal:///{folder / 'study.journal'}"
    if storage.partition("://")[0].partition("+")[0] in ("sqlite", "journal", "postgresql"):
        return storage
    raise ConfigError(
        f"{storage!r} is no storage of studies",
        where="sweep.storage",
        cure="say journal, sqlite:///FILE or postgresql://USER@HOST/DATABASE",
    )


def opened(url: str) -> BaseStorage:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if url.startswith("journal:"):
        from joulelab.sweeps.journal import opened as opened_journal

        return opened_journal(url.removeprefix("journal://"))
    return _opened_database(url)


def _opened_database(url: str) -> RDBStorage:
    import optuna
    import sqlalchemy

    sqlite = url.startswith("sqlite")
    options: dict[str, Any] = {"pool_pre_ping": True}
    engine = None
    if sqlite:
        options = {"connect_args": {"timeout": BUSY_S}}
        path = sqlalchemy.make_url(url).database
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    else:
        engine = sqlalchemy.create_engine(url)
    # Two processes that create the tables at once: the second must find them, not stumble on them.
    with locks.exclusive(url, "tables", engine):
        storage = optuna.storages.RDBStorage(url, engine_kwargs=options)
    if engine is not None:
        engine.dispose()
        return storage

    @sqlalchemy.event.listens_for(storage.engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        # A reader such as optuna-dashboard never blocks a sweeper so; each commit is still synced.
        connection.execute("pragma journal_mode=wal")

    storage.engine.dispose()
    return storage


@contextmanager
def translated(url: str) -> Iterator[None]:
    import optuna
    import sqlalchemy.exc as database

    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"the driver of this database is missing ({error.name or error})",
            where=url,
            cure="pip install 'psycopg[binary]'",
        ) from None
    except (
        optuna.exceptions.StorageInternalError,
        database.SQLAlchemyError,
        OSError,
    ) as error:
        raise _as_store_error(error, url) from error


def _as_store_error(error: Exception, url: str) -> StoreError:
    text = f"{error} {error.__cause__ or ''}"
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if full or any(sign in text for sign in FULL):
        return StoreError(
            "the disk of the study is full",
            where=url,
            cure="make room and give the same command again: it goes on",
        )
    if "locked" in text:
        return StoreUnreachable(
            "the study stays locked by another process", where=url, cure="end that process"
        )
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return StoreUnreachable(f"the study's storage does not answer ({reason})", where=url)
