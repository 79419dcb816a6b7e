"""One channel's joules as a curve over time, and which parts of that time it really saw.

A counter is linear between its samples. A power is linear between its samples, so its energy is
quadratic there: cutting anywhere is exact for any power that is linear between readings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from joulelab.records import Channel, Phase, Trace
from joulelab.units import NS_PER_S

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SEEN_PERIODS = 3.0
"""An interval is a gap when longer than this many typical sampling intervals or update periods."""

PLAUSIBLE_POWER_W = 2000.0
"""Taken for `power_max_w` where a channel states none: no package, board or card exceeds it."""

POWER_REFRESHES = 4
"""Power is a mean over so many update periods: in one, a counter may move twice or not at all."""

EDGE_READ_NS = 10_000_000
"""A sample this near to a phase's edge may be the reading at the edge, not the timer's."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Arrays of (n,), one entry a good sample; cumulative ones are 0 at the first.

    `counted_s` is the time whose energy is in `energy_j`: `seen_s`, and the gaps that a counter
    bridged. `variance_j2` is the sampling variance of a power channel (`_sampling_variance`).
    `bend_w` is half the fall of power over the interval that starts here, 0 in a counter.
    `window_s` is the shortest time over which the channel can tell a power. `end_variance_j2` is what
    each end of an interval adds where another channel corrected this one (`reconcile`).
    """

    channel: Channel
    times_ns: Times
    energy_j: Floats
    seen_s: Floats
    counted_s: Floats
    variance_j2: Floats
    bend_w: Floats
    window_s: float
    end_variance_j2: Floats | None = None

    def energy_at(self, times_ns: Times) -> Floats:
        """(m,) joules from the first sample to each time; flat before it and after the last."""
        index, into_s, step_s = self.locate(times_ns)
        chord = self.interpolate(self.energy_j, times_ns)
        return chord + self.bend_w[index] * into_s * (step_s - into_s) / step_s

    def interpolate(self, cumulative: Floats, times_ns: Times) -> Floats:
        """(m,) values of one of the cumulative arrays, linear between samples."""
        origin = self.times_ns[0]
        nodes_s = (self.times_ns - origin) / NS_PER_S
        result: Floats = np.interp((times_ns - origin) / NS_PER_S, nodes_s, cumulative)
        return result

    def locate(self, times_ns: Times) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Index of the sample before each time, seconds since it, seconds from it to the next."""
        inside = np.clip(times_ns, self.times_ns[0], self.times_ns[-1])
        last = len(self.times_ns) - 1
        index = np.clip(np.searchsorted(self.times_ns, inside, side="right") - 1, 0, last)
        following = np.minimum(index + 1, last)
        step_s = (self.times_ns[following] - self.times_ns[index]) / NS_PER_S
        into_s = (inside - self.times_ns[index]) / NS_PER_S
        return index, into_s, np.where(step_s > 0, step_s, 1.0)

    def power_before(self, times_ns: Times) -> Floats:
        """(m,) mean watts over the `window_s` before each time, NaN where nothing counted then."""
        earlier = times_ns - round(self.window_s * NS_PER_S)
        energy = self.energy_at(times_ns) - self.energy_at(earlier)
        counted = self.interpolate(self.counted_s, times_ns) - self.interpolate(
            self.counted_s, earlier
        )
        return ratio(energy, counted)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """NaN where the denominator is not positive."""
    unknown = np.full(np.shape(numerator), np.nan)
    result: Floats = np.divide(numerator, denominator, out=unknown, where=denominator > 0)
    return result


def curves_of(trace: Trace) -> dict[str, Curve]:
    """The curve of every channel that is an energy or a power, in the order of the trace."""
    edges = edges_of(trace.phases)
    return {
        channel_id: build(channel, *samples_of(trace, channel_id), edges)
        for channel_id, channel in trace.channels.items()
        if channel.kind != "auxiliary"
    }


def samples_of(trace: Trace, channel_id: str) -> tuple[Times, Floats]:
    """Two arrays of (n,): times and values as they came; empty where the channel never answered."""
    return (
        np.asarray(trace.times_ns.get(channel_id, ()), dtype=np.int64),
        np.asarray(trace.values.get(channel_id, ()), dtype=np.float64),
    )


def edges_of(phases: Iterable[Phase]) -> Times:
    """(m,) sorted starts and stops."""
    edges = [edge for phase in phases for edge in (phase.start_ns, phase.stop_ns)]
    return np.unique(np.array(edges, dtype=np.int64))


def build(channel: Channel, times_ns: Times, values: Floats, edges_ns: Times) -> Curve:
    """The curve of one channel from its samples, in any order, doubled or not."""
    times, readings = _clean(times_ns, values, counter=channel.kind == "counter")
    at = np.flatnonzero(np.isfinite(readings))
    if len(at) == 0:
        zero = np.zeros(1)
        return Curve(channel, np.zeros(1, dtype=np.int64), zero, zero, zero, zero, zero, 0.0)
    typical_s = _typical_interval_s(times, edges_ns)
    nodes, good = times[at], readings[at]
    step_s = np.diff(nodes) / NS_PER_S
    limit_s = SEEN_PERIODS * max(typical_s, channel.update_period_s)
    # Times are whole nanoseconds: half of one is no difference.
    seen = (np.diff(at) == 1) & (step_s <= limit_s + 0.5 / NS_PER_S)
    bend, variance = np.zeros(len(nodes)), np.zeros(len(step_s))
    if channel.kind == "counter":
        gain = np.diff(good)
        restarted = np.diff(np.cumsum(np.isposinf(readings))[at]) > 0
        # A counter that fell without a word restarted too: its reader undoes every wrap.
        whole = ~restarted & (gain >= 0)
        seen = seen & whole
        counted = seen | (whole & (step_s < bridgeable_s(channel)))
        energy = np.where(counted, gain, 0.0)
    else:
        counted = seen
        energy = np.where(seen, step_s * (good[:-1] + good[1:]) / 2, 0.0)
        bend[:-1] = np.where(seen, -np.diff(good) / 2, 0.0)
        variance = _sampling_variance(step_s, good, seen)
    return Curve(
        channel,
        nodes,
        _cumulative(energy),
        _cumulative(np.where(seen, step_s, 0.0)),
        _cumulative(np.where(counted, step_s, 0.0)),
        _cumulative(variance),
        bend,
        max(typical_s, POWER_REFRESHES * channel.update_period_s),
    )


def bridgeable_s(channel: Channel) -> float:
    """In fewer seconds a counter cannot have wrapped unseen: its difference is the energy."""
    if channel.wrap_j is None:
        return float("inf")
    return channel.wrap_j / plausible_power_w(channel)


def plausible_power_w(channel: Channel) -> float:
    return PLAUSIBLE_POWER_W if channel.power_max_w is None else channel.power_max_w


def _clean(times_ns: Times, values: Floats, *, counter: bool) -> tuple[Times, Floats]:
    """Sorted, one value a time: a restart outweighs a reading, a reading outweighs a silence."""
    silent = ~np.isfinite(values)
    if counter:
        silent &= ~np.isposinf(values)
    order = np.lexsort((np.where(silent, -np.inf, values), times_ns))
    times, readings = times_ns[order], np.where(silent, np.nan, values)[order]
    last = np.append(times[1:] != times[:-1], True)[: len(times)]
    return times[last], readings[last]


def _typical_interval_s(times_ns: Times, edges_ns: Times) -> float:
    """The median interval: gaps, being few, do not move it, as they would a mean.

    Questions without an answer count, for they show how often the channel was asked. Readings at
    phase edges do not: many short phases would make the timer's own rhythm look like a gap.
    """
    timed = times_ns
    if len(edges_ns) and len(times_ns):
        right = np.clip(np.searchsorted(edges_ns, times_ns), 0, len(edges_ns) - 1)
        left = np.maximum(right - 1, 0)
        distance = np.minimum(abs(edges_ns[right] - times_ns), abs(edges_ns[left] - times_ns))
        timed = times_ns[distance > EDGE_READ_NS]
    for candidates in (timed, times_ns):
        if len(candidates) > 1:
            return float(np.median(np.diff(candidates))) / NS_PER_S
    return 0.0


def _sampling_variance(step_s: Floats, power_w: Floats, seen: Flags) -> Floats:
    """(n - 1,) variance in J² of each interval's trapezoid, estimated from the samples themselves.

    Leaving out one sample changes the trapezoid by d, the triangle it spans with its neighbours
    (Richardson's difference, taken locally, so that it has as many degrees of freedom as there are
    samples; zero for linear power). The variance is the sum of d² times a factor that depends on
    how fast power changes: 1/6 where it steps seldom, at any moment of an interval (each step then
    errs by step x interval / sqrt 12), 2/3 where each sample is new (noise, or a load faster than
    the sampling). The lag-1 correlation of d is -1/2 in the first case and -2/3 in the second;
    between them the factor is linear in it. It is estimated over the channel's whole trace, taken
    one standard error to the cautious side.
    """
    triangle = np.zeros(len(power_w))
    if len(step_s) > 1:
        before, after = step_s[:-1], step_s[1:]
        chord = (power_w[:-2] * after + power_w[2:] * before) / (before + after)
        both = seen[:-1] & seen[1:]
        triangle[1:-1] = np.where(both, (before + after) / 2 * (power_w[1:-1] - chord), 0.0)
    square = triangle**2
    total = float(square.sum())
    if total == 0:
        return np.zeros(len(step_s))
    correlation = float(triangle[:-1] @ triangle[1:]) / total - len(power_w) ** -0.5
    factor = float(np.clip(-4 / 3 - 3 * correlation, 1 / 6, 2 / 3))
    return np.where(seen, factor * (square[:-1] + square[1:]) / 2, 0.0)


def _cumulative(amounts: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(amounts)))
