"""Where a counter's readings moved, and the stretches of time between them that it weighs well."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from joulelab.meters.energy.curves import Curve, Floats, Times
from joulelab.units import NS_PER_S

MARGIN = 3.0
"""A stretch ends where the counter is this much surer of it than the power's declaration is: what
lies between the two inside one stretch is then spread thinly."""

WHOLE_S = 1e-6
"""Less than this is no time."""


@dataclass(frozen=True, slots=True)
class _Moves:
    """When a counter moved, (n,): what it then showed, how well that is known, and the time that it
    counted so far without a break."""

    times_ns: Times
    energy_j: Floats
    u_j: Floats
    lost_s: Floats


@dataclass(frozen=True, slots=True)
class Stretches:
    """(m,) stretches of time with the counter's joules and their standard uncertainty; none overlap."""

    start_ns: Times
    stop_ns: Times
    energy_j: Floats
    u_j: Floats

    def edges_ns(self) -> Times:
        return np.union1d(self.start_ns, self.stop_ns)

    def of(self, times_ns: Times) -> NDArray[np.intp]:
        """(n - 1,) stretch of each interval between times, -1 for none."""
        index = np.searchsorted(self.start_ns, times_ns[:-1], side="right") - 1
        outside = (index < 0) | (times_ns[1:] > self.stop_ns[index])
        return np.where(outside, -1, index)


def _moves(counter: Curve) -> _Moves:
    """A reading that differs from the one before became so somewhere between both, but no longer ago
    than one refresh: its middle, and half of it as bound. The counter's step is a bound too."""
    steps_s = np.diff(counter.times_ns) / NS_PER_S
    gains, counted = np.diff(counter.energy_j), np.diff(counter.counted_s)
    at = np.flatnonzero((gains > 0) & (counted > 0)) + 1
    before_s = np.minimum(steps_s[at - 1], counter.channel.update_period_s)
    times_ns = counter.times_ns[at] - np.round(before_s / 2 * NS_PER_S).astype(np.int64)
    elapsed_s = (counter.times_ns - counter.times_ns[0]) / NS_PER_S
    passed_s = np.diff(times_ns, prepend=times_ns[:1]) / NS_PER_S
    energy_j = counter.energy_j[at]
    watts = np.diff(energy_j, prepend=energy_j[:1]) / np.where(passed_s > 0, passed_s, np.inf)
    watts[:1] = watts[1:2] if len(watts) > 1 else 0.0
    u_j = np.hypot(watts * before_s, counter.channel.resolution) / math.sqrt(12)
    return _Moves(times_ns, energy_j, u_j, (elapsed_s - counter.counted_s)[at])


def stretches(power: Curve, counter: Curve) -> Stretches:
    """Each as short as MARGIN allows; none where the counter is never that much surer."""
    moves = _moves(counter)
    within = (moves.times_ns >= power.times_ns[0]) & (moves.times_ns <= power.times_ns[-1])
    times, energies, doubts, losses = (
        each[within].tolist() for each in (moves.times_ns, moves.energy_j, moves.u_j, moves.lost_s)
    )
    absolute, relative = power.channel.accuracy_absolute_w, power.channel.accuracy_relative
    found: list[tuple[int, int, float, float]] = []
    start = 0
    for stop in range(1, len(times)):
        if losses[stop] - losses[start] > WHOLE_S:
            start = stop
            continue
        energy_j = energies[stop] - energies[start]
        passed_s = (times[stop] - times[start]) / NS_PER_S
        declared_j = (absolute * passed_s + relative * energy_j) / math.sqrt(3)
        u_j = math.hypot(doubts[start], doubts[stop])
        if passed_s > 0 and MARGIN * u_j < declared_j:
            found.append((times[start], times[stop], energy_j, u_j))
            start = stop
    columns = np.array(found, dtype=np.float64).reshape(-1, 4)
    return Stretches(
        np.array([each[0] for each in found], dtype=np.int64),
        np.array([each[1] for each in found], dtype=np.int64),
        columns[:, 2],
        columns[:, 3],
    )
