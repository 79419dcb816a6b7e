"""CodeCarbon's emissions.csv: kWh a row, by what it took for the machine's parts.

The file does not say what its figures rest on, so all of them are taken for estimates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from joulelab.meters.energy.curves import SEEN_PERIODS
from joulelab.meters.recordings.part import Clock, Part, Series, broken, csv_rows
from joulelab.records import Channel, Scope
from joulelab.units import J_PER_KWH, NS_PER_S

ACCURACY_RELATIVE = 0.4
"""arXiv 2509.22092 found it up to 40 % off; with its constants it may be off by far more."""

IMPOSSIBLE = 1e9
"""kWh and s: a terawatt hour, thirty years."""

SAME_START_NS = 2 * NS_PER_S
"""Stamps of old releases are whole seconds."""

TOTAL = "energy_consumed"
COLUMNS: dict[str, tuple[str, Scope]] = {
    TOTAL: ("machine", "node"),
    "cpu_energy": ("cpu", "cpu"),
    "gpu_energy": ("gpu", "gpu"),
    "ram_energy": ("dram", "dram"),
}
"""Columns of kWh, their channels and scopes; the first one holds the others."""


@dataclass(frozen=True, slots=True)
class Row:
    run: str
    start_ns: int
    stop_ns: int
    has_zone: bool
    joules: Mapping[str, float]


def is_it(head: str) -> bool:
    return {"timestamp", "duration", TOTAL} <= set(_names(head.split("\n", 1)[0]))


def read(path: Path, text: str) -> Part:
    """One row a run, or several of one run, each with its figures so far."""
    rows = sorted(_rows(path, text), key=lambda row: row.stop_ns)
    if not rows:
        raise broken("no row below the header", path)
    clock: Clock = "utc" if all(row.has_zone for row in rows) else "local"
    runs = _runs(rows)
    series = [
        _series(runs, column)
        for column in COLUMNS
        if column == TOTAL or any(row.joules.get(column, 0.0) > 0 for row in rows)
    ]
    return Part("codecarbon", clock, tuple(series))


def _runs(rows: Sequence[Row]) -> list[list[Row]]:
    """In the order of their starts. Releases before 2.0 do not tell the run: rows that began together
    are of one. Of a run that lies within another one nothing is taken: both saw the same machine."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        name = row.run or next(
            (
                name
                for name, own in found.items()
                if not own[0].run and abs(own[0].start_ns - row.start_ns) < SAME_START_NS
            ),
            f"began at {row.start_ns}",
        )
        found.setdefault(name, []).append(row)
    ordered = sorted(found.values(), key=lambda own: min(row.start_ns for row in own))
    taken: list[list[Row]] = []
    for own in ordered:
        if not taken or own[-1].stop_ns > taken[-1][-1].stop_ns:
            taken.append(own)
    return taken


def _series(runs: Sequence[Sequence[Row]], column: str) -> Series:
    """A counter that goes on from run to run; between two runs it tells nothing."""
    name, scope = COLUMNS[column]
    longest_ns = max(row.stop_ns - row.start_ns for own in runs for row in own)
    channel = Channel(
        name=name,
        kind="counter",
        unit="J",
        scope=scope,
        provenance="estimated",
        # The time between two short runs is no measure of what is a gap.
        update_period_s=longest_ns / NS_PER_S / SEEN_PERIODS if len(runs) > 1 else 0.0,
        accuracy_relative=ACCURACY_RELATIVE,
        inside=None if column == TOTAL else COLUMNS[TOTAL][0],
    )
    times: list[int] = []
    values: list[float] = []
    base_j = 0.0
    for own in runs:
        start_ns = min(row.start_ns for row in own)
        if times:
            start_ns = max(start_ns, times[-1] + 2)
            times.append((times[-1] + start_ns) // 2)
            values.append(math.inf)
        times.append(start_ns)
        values.append(base_j)
        for row in own:
            if row.stop_ns > times[-1]:
                times.append(row.stop_ns)
                values.append(base_j + row.joules.get(column, math.nan))
        base_j = next(value for value in reversed(values) if math.isfinite(value))
    return Series(channel, np.array(times, np.int64), np.array(values, np.float64))


def _rows(path: Path, text: str) -> Iterator[Row]:
    names = _names(text.split("\n", 1)[0])
    for number, cells in csv_rows(path, text):
        if len(cells) != len(names):
            raise broken(f"{len(cells)} cells under {len(names)} columns", path, number)
        row = dict(zip(names, cells, strict=True))
        try:
            stop = datetime.fromisoformat(row["timestamp"].strip())
        except ValueError as error:
            raise broken(f"no time: {row['timestamp'][:40]!r}", path, number) from error
        utc = stop if stop.tzinfo else stop.replace(tzinfo=UTC)
        stop_ns = round(utc.timestamp() * 1e6) * 1000
        duration_s = _number(path, row["duration"], number)
        yield Row(
            row.get("run_id", ""),
            stop_ns - round(duration_s * NS_PER_S),
            stop_ns,
            stop.tzinfo is not None,
            {
                column: _number(path, row[column], number) * J_PER_KWH
                for column in COLUMNS
                if row.get(column)
            },
        )


def _number(path: Path, cell: str, line: int) -> float:
    try:
        value = float(cell)
    except ValueError as error:
        raise broken(f"no number: {cell[:40]!r}", path, line) from error
    if not 0 <= value < IMPOSSIBLE:
        raise broken(f"not a possible figure: {cell[:40]}", path, line)
    return value


def _names(header: str) -> list[str]:
    return [name.strip().strip('"') for name in header.lstrip("\ufeff").split(",")]
