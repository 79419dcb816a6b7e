"""What one recorded file tells, before it is set beside others."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from joulelab.errors import DataError
from joulelab.meters.energy.curves import Floats, Times
from joulelab.records import Channel, Phase
from joulelab.units import NS_PER_S

Clock = Literal["utc", "local", "none"]
"""What a file's times count from: 1970 in UTC, 1970 in a zone it does not tell, its own start."""

USUAL = 95.0


class Series(NamedTuple):
    """(n,) int64 ns of the part's clock, rising, and (n,) float64."""

    channel: Channel
    times_ns: Times
    values: Floats


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument's series, or phases alone (`meter` is then empty)."""

    meter: str
    clock: Clock
    series: tuple[Series, ...] = ()
    phases: tuple[Phase, ...] = ()

    def names(self) -> set[str]:
        return {each.channel.name for each in self.series}

    def span(self) -> tuple[int, int] | None:
        """From the first sample or phase to the last; None where there is neither."""
        edges = [edge for phase in self.phases for edge in (phase.start_ns, phase.stop_ns)]
        for each in self.series:
            edges += each.times_ns[[0, -1]].tolist() if len(each.times_ns) else []
        return (min(edges), max(edges)) if edges else None


def tidy(times_ns: Times, values: Floats) -> tuple[Times, Floats]:
    """In order of time; of several values at one time, the one written last."""
    order = np.argsort(times_ns, kind="stable")
    times, kept = np.asarray(times_ns)[order], np.asarray(values)[order]
    last = np.append(times[1:] != times[:-1], True)[: len(times)]
    return times[last], kept[last]


def usual_interval_s(times_ns: Times) -> float:
    """What 19 of 20 intervals stay below: a plug that is asked irregularly has no gap wherever one
    interval is three times the median."""
    steps = np.diff(np.unique(times_ns))
    return float(np.percentile(steps, USUAL)) / NS_PER_S if len(steps) else 0.0


def csv_rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line below the header that is not empty."""
    reader = csv.reader(text.split("\n")[1:])
    try:
        for cells in reader:
            if cells:
                yield reader.line_num + 1, cells
    except csv.Error as error:
        raise broken(f"no CSV: {error}", path, reader.line_num + 1) from error


def broken(what: str, path: Path, line: int | None = None, cure: str | None = None) -> DataError:
    where = str(path) if line is None else f"{path}, line {line}"
    return DataError(what, where=where, cure=cure or "mend or remove it, or name another recording")
