"""Which moments of a run are meant: unions of intervals, many at once, by phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from joulelab.meters.energy.curves import Curve, Floats, Times
from joulelab.records import Phase
from joulelab.units import NS_PER_S

Intervals = Sequence[tuple[int, int]]
"""(start, stop) pairs, monotonic ns; together they mean their union."""

WORK = ("fit", "evaluate")
"""The phases that `energy_j` speaks of."""

IDLE = ("idle", "idle_after")
OTHER = "other"
RUN = "run"


def union(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same moments as disjoint, sorted intervals; touching ones joined, empty ones left out."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        elif stop > start:
            joined.append((start, stop))
    return joined


@dataclass(frozen=True, slots=True)
class Spans:
    """Many unions of intervals at once: interval i, of (m,), belongs to `names[group[i]]`."""

    names: tuple[str, ...]
    group: NDArray[np.intp]
    start_ns: Times
    stop_ns: Times

    @classmethod
    def of(cls, intervals: Mapping[str, Intervals]) -> Spans:
        disjoint = [union(each) for each in intervals.values()]
        edges = np.array([pair for each in disjoint for pair in each], dtype=np.int64)
        start, stop = edges.reshape(-1, 2).T
        lengths = [len(each) for each in disjoint]
        return cls(tuple(intervals), np.repeat(np.arange(len(lengths)), lengths), start, stop)

    def total(self, amounts: Floats) -> Floats:
        """(g,) sums of (m,) amounts, one for each name."""
        return np.bincount(self.group, amounts, len(self.names)).astype(np.float64)

    @property
    def duration_s(self) -> Floats:
        return self.total((self.stop_ns - self.start_ns) / NS_PER_S)


def phase_intervals(
    phases: Sequence[Phase], curves: Mapping[str, Curve]
) -> dict[str, list[tuple[int, int]]]:
    """Every phase's visits by its path, in the order of their first; then `other` and `run`.

    `run` reaches from the first phase or sample to the last, `other` is what of it lies in no
    top-level phase. Both are missing where there is neither a phase nor an energy.
    """
    visits: dict[str, list[tuple[int, int]]] = {}
    for phase in phases:
        visits.setdefault(phase.name, []).append((phase.start_ns, phase.stop_ns))
    weighing = [curve.times_ns for curve in curves.values() if curve.counted_s[-1] > 0]
    starts = [phase.start_ns for phase in phases] + [int(times[0]) for times in weighing]
    stops = [phase.stop_ns for phase in phases] + [int(times[-1]) for times in weighing]
    if not starts:
        return visits
    first, last = min(starts), max(stops)
    edges = [first, *(edge for visit in top_level(phases) for edge in visit), last]
    between = union(zip(edges[::2], edges[1::2], strict=True))
    if between:
        visits[OTHER] = between
    return {**visits, RUN: [(first, last)]}


def top_level(phases: Iterable[Phase]) -> list[tuple[int, int]]:
    return union((each.start_ns, each.stop_ns) for each in phases if "/" not in each.name)


def work_intervals(phases: Iterable[Phase]) -> list[tuple[int, int]]:
    return union((each.start_ns, each.stop_ns) for each in phases if each.name in WORK)


def whole_run(phases: Sequence[Phase]) -> list[tuple[int, int]]:
    """From the first phase's start to the last one's stop; empty without phases."""
    if not phases:
        return []
    return [(min(each.start_ns for each in phases), max(each.stop_ns for each in phases))]
