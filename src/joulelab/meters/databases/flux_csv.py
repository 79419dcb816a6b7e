"""CSV as Flux answers with it: annotated, with a header only, or data rows alone.

Format (InfluxDB 2 reference, "Annotated CSV"): rows open with the annotation column; `#datatype`,
`#group` and `#default` stand before a header row; tables of another schema follow after an empty
line, tables of the same schema without one, told apart by the column `table`. An error comes as a
table with the columns `error` and `reference`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from joulelab.errors import DataError
from joulelab.meters.energy.curves import Floats, Times
from joulelab.meters.transport.iso_time import epoch_ns

END_OF_REPLY = "#####"
"""Closes each reply in a file that holds several of them."""

BARE_COLUMNS = (
    *("", "result", "table", "_start", "_stop", "_time", "_value"),
    *("_field", "_measurement"),
)
"""What unpivoted Flux rows begin with; further columns are tags, in the order of their names."""

_TIME, _VALUE = "_time", "_value"
_OUTSIDE_KEY = frozenset({"", "result", "table", "_start", "_stop", _TIME, _VALUE})


class FluxSeries(NamedTuple):
    """`key`: the text columns that name it (`_measurement`, `_field`, tags). `times_ns` (n,) int64
    since 1970 and `values` (n,) float64 are as they came, NaN where a value is empty or no number.
    `reply` counts the replies of the file, each closed by `#####`, from 0."""

    key: dict[str, str]
    times_ns: Times
    values: Floats
    reply: int = 0


@dataclass
class Table:
    """Rows under one header; `datatypes`, `group` and `defaults` are empty without annotations."""

    columns: tuple[str, ...]
    datatypes: dict[str, str] = field(default_factory=dict)
    group: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)
    reply: int = 0

    def cells(self) -> Iterator[dict[str, str]]:
        """Each row by column name, defaults filled in."""
        for row in self.rows:
            yield {
                name: cell or self.defaults.get(name, "")
                for name, cell in zip(self.columns, row, strict=False)
            }


def read(source: str | Path) -> list[FluxSeries]:
    """All series of a reply, or of a file of replies; `source` is a path or the text itself.

    Rows without `_time` and `_value` columns are left out. Rows of one key and reply are one series,
    in their order. DataError where a row or a time cannot be read, and where the reply is an error.
    """
    where, text = _text(source)
    series: dict[tuple[object, ...], tuple[dict[str, str], list[int], list[float], int]] = {}
    for table in tables(text, where):
        if not {_TIME, _VALUE} <= set(table.columns):
            continue
        for cells in table.cells():
            key = {name: cell for name, cell in cells.items() if _names(table, name) and cell}
            identity = (table.reply, *key.items())
            _, times, values, _ = series.setdefault(identity, (key, [], [], table.reply))
            try:
                times.append(epoch_ns(cells[_TIME]))
            except ValueError as error:
                raise _broken(f"{error}", where) from error
            values.append(_number(cells[_VALUE]))
    return [
        FluxSeries(key, np.array(times, np.int64), np.array(values, np.float64), reply)
        for key, times, values, reply in series.values()
    ]


def tables(text: str, where: str = "Flux CSV") -> list[Table]:
    """The tables as they stand, cells as text. DataError as `read`."""
    found: list[Table] = []
    table: Table | None = None
    annotations: dict[str, list[str]] = {}
    reply = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            if not any(row):
                table = None
            elif row[0].startswith(END_OF_REPLY):
                table, reply = None, reply + 1
            elif row[0].startswith("#"):
                table, annotations = None, {**annotations, row[0].lower(): row}
            elif table is None or _is_header(row):
                table = _open(row, annotations, reply)
                annotations = {}
                found.append(table)
            else:
                _check(table, row, where)
                table.rows.append(row)
    except csv.Error as error:
        raise _broken(str(error), where) from error
    for each in found:
        _raise_error(each, where)
    return found


def _open(row: list[str], annotations: dict[str, list[str]], reply: int) -> Table:
    if not annotations and _is_bare(row):
        tags = tuple(f"tag_{number}" for number in range(len(row) - len(BARE_COLUMNS)))
        return Table((*BARE_COLUMNS[: len(row)], *tags), rows=[row], reply=reply)

    def annotated(name: str) -> dict[str, str]:
        cells = annotations.get(name, [])
        return {column: cell for column, cell in zip(row, cells, strict=False) if column}

    return Table(
        tuple(row),
        annotated("#datatype"),
        annotated("#group"),
        annotated("#default"),
        reply=reply,
    )


def _is_header(row: list[str]) -> bool:
    return row[:3] == ["", "result", "table"]


def _is_bare(row: list[str]) -> bool:
    """A data row: its third column, `table`, is a number."""
    return len(row) >= len(BARE_COLUMNS) and row[2].isdigit()


def _check(table: Table, row: list[str], where: str) -> None:
    if len(row) != len(table.columns):
        raise _broken(f"{len(row)} cells under {len(table.columns)} columns: {row}", where)


def _raise_error(table: Table, where: str) -> None:
    if "error" in table.columns and _VALUE not in table.columns:
        for cells in table.cells():
            raise DataError(f"Flux answered: {cells['error']}", where=where)


def _names(table: Table, column: str) -> bool:
    if column in _OUTSIDE_KEY:
        return False
    return table.group.get(column, "true") == "true" or column.startswith("_")


def _number(cell: str) -> float:
    if cell in ("true", "false"):
        return float(cell == "true")
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _text(source: str | Path) -> tuple[str, str]:
    """Where it is from, and the text."""
    if isinstance(source, str) and ("\n" in source or not Path(source).is_file()):
        return "Flux CSV", source
    try:
        return str(source), Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("cannot be read", where=str(source), cure=str(error)) from error


def _broken(what: str, where: str) -> DataError:
    return DataError(
        what[:200], where=where, cure="keep the reply as the server sent it (annotated CSV)"
    )
