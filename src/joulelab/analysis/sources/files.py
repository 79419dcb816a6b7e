"""Tables on disk, whatever their format; what is wrong with one is one sentence."""

from __future__ import annotations

import difflib
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from joulelab.errors import ConfigError, DataError

SEPARATORS = (",", ";", "\t")
GZIP = b"\x1f\x8b"


def read_table(path: Path) -> pd.DataFrame:
    """`.parquet`, or text with a header whose columns commas, semicolons or tabs separate, gzipped
    or not. DataError for what is none of them, or has no row."""
    if not path.is_file():
        raise ConfigError("there is no such file", where=str(path), cure="check file=...")
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            packed = _head(path).startswith(GZIP)
            table = pd.read_csv(
                path,
                sep=_separator(path, packed),
                compression="gzip" if packed else None,
                encoding="utf-8-sig",
            )
    except (OSError, EOFError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"cannot be read as a table: {reason}",
            where=str(path),
            cure="known are CSV with a header, .csv.gz and .parquet",
        ) from error
    if table.empty:
        raise DataError("has no rows", where=str(path))
    return table


def require(table: pd.DataFrame, asked: Mapping[str, Sequence[str]], path: Path) -> None:
    """ConfigError that names the key, for a column that is not there."""
    known = [str(name) for name in table.columns]
    for key, names in asked.items():
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.0)
                raise ConfigError(
                    f"{path.name} has no column {name!r}",
                    where=f"columns.{key}",
                    cure=f"did you mean {near[0]}? there are {', '.join(known)}",
                )


def numbers(column: pd.Series) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The column as numbers, NaN for what is none; and where something is there that is none."""
    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return found, np.asarray(np.isnan(found) & column.notna().to_numpy())


def _head(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(2)


def _separator(path: Path, packed: bool) -> str:
    """What the header has most of."""
    if packed:
        with gzip.open(path, "rt", encoding="utf-8-sig", errors="replace") as opened:
            header = opened.readline()
    else:
        with path.open(encoding="utf-8-sig", errors="replace") as opened:
            header = opened.readline()
    return max(SEPARATORS, key=header.count)
