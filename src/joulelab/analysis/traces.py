"""One run as all its instruments saw it: power over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from joulelab.meters.energy.curves import Curve, Floats, curves_of, ratio
from joulelab.meters.energy.integration import weigh
from joulelab.meters.energy.intervals import Intervals, Spans
from joulelab.meters.energy.reconcile import reconciled
from joulelab.meters.energy.scopes import LEVELS, PROVENANCES, meter_of
from joulelab.meters.energy.uncertainty import combine
from joulelab.records import Channel, Energy, Trace
from joulelab.units import NS_PER_S

SCOPES = [scope for level in LEVELS for scope in level]
POINTS = 1500


@dataclass(frozen=True)
class Seen:
    """What one instrument saw: `watts` from each of `seconds` (since the first sample) to the next,
    NaN in a gap, and its energy over the whole trace."""

    name: str
    seconds: Floats
    watts: Floats
    energy: Energy


def instruments(curves: Mapping[str, Curve]) -> dict[str, list[str]]:
    """Ids of the channels that one meter sums up at one scope, by `<meter> <scope>`: measured ones
    first, the widest first."""
    found: dict[str, list[str]] = {}
    for channel_id, curve in sorted(curves.items(), key=lambda item: _place(item[1].channel)):
        if curve.channel.inside is None and curve.counted_s[-1] > 0:
            name = f"{meter_of(channel_id)} {curve.channel.scope}"
            found.setdefault(name, []).append(channel_id)
    return found


def _place(channel: Channel) -> tuple[int, int]:
    return PROVENANCES.index(channel.provenance), SCOPES.index(channel.scope)


def energies(trace: Trace, intervals: Intervals) -> dict[str, Energy]:
    """What each instrument saw of the intervals."""
    curves = reconciled(curves_of(trace))
    spans = Spans.of({"": intervals})
    return {
        name: combine({each: weigh(curves[each], spans).energies()[""] for each in ids})
        for name, ids in instruments(curves).items()
    }


def span(trace: Trace) -> list[tuple[int, int]]:
    """From the first sample to the last."""
    times = [times for times in trace.times_ns.values() if len(times)]
    if not times:
        return []
    return [(min(int(each[0]) for each in times), max(int(each[-1]) for each in times))]


def seen_of(trace: Trace) -> list[Seen]:
    """By each instrument, measured ones first, the widest first; none of an empty trace."""
    whole = span(trace)
    if not whole:
        return []
    curves, total = reconciled(curves_of(trace)), energies(trace, whole)
    return [
        Seen(name, *_series([curves[each] for each in ids], whole), total[name])
        for name, ids in instruments(curves).items()
    ]


def top_phases(trace: Trace) -> list[tuple[str, float, float]]:
    """Name, start and stop in seconds since the first sample of each phase that lies in no other."""
    if not span(trace):
        return []
    ((first, _),) = span(trace)
    return [
        (phase.name, (phase.start_ns - first) / NS_PER_S, (phase.stop_ns - first) / NS_PER_S)
        for phase in trace.phases
        if "/" not in phase.name
    ]


def _series(curves: Sequence[Curve], whole: Intervals) -> tuple[Floats, Floats]:
    """Window means of the curves' sum from each edge of an even grid to the next, the last one
    twice; NaN where one of them has a gap."""
    ((start, stop),) = whole
    step_ns = max((stop - start) // POINTS, *(_step_ns(each) for each in curves), 1)
    edges = np.arange(start, stop + 1, step_ns, dtype=np.int64)
    if len(edges) < 2:
        edges = np.array([start, stop], dtype=np.int64)
    watts = np.zeros(len(edges) - 1)
    for curve in curves:
        seen = np.diff(curve.interpolate(curve.seen_s, edges))
        joules = np.diff(curve.energy_at(edges))
        enough = seen >= 0.5 * np.diff(edges) / NS_PER_S
        watts += np.where(enough, ratio(joules, seen), np.nan)
    return (edges - start) / NS_PER_S, np.append(watts, watts[-1:])


def _step_ns(curve: Curve) -> int:
    """The shortest time over which the curve is worth a point: a counter needs several steps."""
    if curve.channel.kind == "counter":
        return round(curve.window_s * NS_PER_S)
    return int(np.median(np.diff(curve.times_ns))) if len(curve.times_ns) > 1 else 1
