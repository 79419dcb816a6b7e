"""The highest power and the most memory of some intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from joulelab.meters.energy.curves import Curve, Floats, Times, samples_of
from joulelab.meters.energy.intervals import Intervals
from joulelab.records import Trace
from joulelab.units import NS_PER_S

PEAK_WINDOW_S = 1.0
"""The peak is a mean over this long at least, so that one noisy sample is not it."""

REFRESHES = 10
"""A window holds so many refreshes of a counter, or each step of a slow one would be a peak."""

RESIDENT = "resident_bytes"
"""The auxiliary channel that tells how much memory the run held."""


def peak_power_w(curves: Mapping[str, Curve], intervals: Intervals) -> float | None:
    """The highest windowed mean of the curves' sum; None where no interval is as long as a window.

    The mean over a sliding window of a piecewise linear curve is highest where one of the window's
    ends is at a sample.
    """
    if not curves:
        return None
    window_ns = round(NS_PER_S * max(map(_window_s, curves.values())))
    nodes = np.unique(np.concatenate([curve.times_ns for curve in curves.values()]))
    starts = [
        _window_starts(nodes, window_ns, start, stop - window_ns)
        for start, stop in intervals
        if stop - start >= window_ns
    ]
    if not starts:
        return None
    first = np.concatenate(starts)
    gained: Floats = np.sum(
        [each.energy_at(first + window_ns) - each.energy_at(first) for each in curves.values()],
        axis=0,
    )
    return float(gained.max()) * NS_PER_S / window_ns


def _window_s(curve: Curve) -> float:
    refreshes = REFRESHES if curve.channel.kind == "counter" else 1
    return max(PEAK_WINDOW_S, refreshes * curve.channel.update_period_s, curve.window_s)


def _window_starts(nodes: Times, window_ns: int, earliest: int, latest: int) -> Times:
    """(k,) starts of windows that begin or end at a sample, or at an end of the interval."""
    starts = np.concatenate((nodes, nodes - window_ns))
    inside = starts[(starts > earliest) & (starts < latest)]
    return np.concatenate(([earliest], inside, [latest]))


def peak_memory_bytes(trace: Trace, intervals: Intervals) -> float | None:
    """The highest reading of `resident_bytes`; None where nobody read it."""
    readings: list[float] = []
    for channel_id, channel in trace.channels.items():
        if channel.kind == "auxiliary" and channel.name == RESIDENT:
            times_ns, values = samples_of(trace, channel_id)
            for start, stop in intervals:
                read = values[(times_ns >= start) & (times_ns <= stop) & np.isfinite(values)]
                readings.extend(read.tolist())
    return max(readings, default=None)
