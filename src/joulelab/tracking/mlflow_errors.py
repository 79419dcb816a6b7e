"""What MLflow, alembic and the disk complain of, as one sentence of ours: the only map."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from joulelab.errors import ConfigError, JoulelabError, StoreError, StoreMismatch, StoreUnreachable
from joulelab.tracking.mlflow_library import FOREIGN, MlflowException, store

SILENT = r"Connection refused|Max retries|timed out|Failed to resolve|NewConnection|unreachable"
NOT_MLFLOW = r"error code 40[45]|not valid JSON|not a valid JSON|JSONDecodeError"


@contextmanager
def mapped(where: str) -> Iterator[None]:
    """Turns any failure of the store into StoreUnreachable, StoreMismatch or StoreError."""
    try:
        yield
    except JoulelabError:
        raise
    except FOREIGN as error:
        raise sentence_for(str(error), where) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"cannot be written: {reason}", where=str(error.filename or where)
        ) from error


def sentence_for(text: str, where: str) -> StoreError:
    """The error for a foreign complaint; most specific first."""
    schema = re.search(r"out-of-date database schema \(found version (\w+)", text)
    if schema is not None:
        return of_schema(schema.group(1), where)
    if "Can't locate revision" in text:
        return newer(where)
    if "database is locked" in text:
        return locked(where)
    if "disk is full" in text:
        return StoreError(
            "the disk is full", where=where, cure="make room, or say paths.mlruns=..."
        )
    if re.search(SILENT, text):
        return StoreUnreachable(
            "the MLflow server does not answer", where=where, cure="start it, or check tracking.uri"
        )
    if re.search(NOT_MLFLOW, text):
        return StoreMismatch(
            f"does not answer as an MLflow 3 server does: {_first(text)}",
            where=where,
            cure="check tracking.uri and the server's version",
        )
    return StoreError(f"refused: {_first(text)}", where=where)


def locked(where: str) -> StoreUnreachable:
    return StoreUnreachable(
        "another program holds it locked (an MLflow UI, another run, a database browser)",
        where=where,
        cure="close that program or wait, then try again",
    )


def of_schema(version: str, where: str) -> StoreMismatch:
    """For tables whose version the installed MLflow does not write."""
    if not is_known_schema(version):
        return newer(where)
    return StoreMismatch(
        "its tables were made by an older MLflow",
        where=where,
        cure=f"keep a copy, then run: mlflow db upgrade sqlite:///{where}",
    )


def is_known_schema(version: str) -> bool:
    """Whether the installed MLflow has a migration `<version>_*.py`."""
    migrations = Path(store.__file__).parent / "db_migrations" / "versions"
    return any(migrations.glob(f"{glob.escape(version)}_*.py"))


def of_filter(error: MlflowException) -> ConfigError:
    return ConfigError(
        f"the store cannot read it: {_first(str(error))}",
        where="select",
        cure="""say select="metrics.energy_j < 500 and params.model = 'inception'\"""",
    )


def newer(where: str) -> StoreMismatch:
    return StoreMismatch(
        "its tables were made by a newer MLflow than the one installed here",
        where=where,
        cure="run pip install -U mlflow, or choose another store by paths.mlruns=...",
    )


def _first(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:300] if lines else "no reason given"
