"""A power and the counter of the same instrument made one curve: the counter decides the joules of
long stretches, the power gives them their shape in time.

Integrated power errs in proportion to time, a counter only at its two ends: over a long stretch the
counter knows better, over a short one its step and its refresh drown what it says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from joulelab.meters.curves import Curve, Flags, Floats, Times, plausible_power_w, ratio
from joulelab.meters.scopes import meter_of
from joulelab.records import Channel
from joulelab.units import NS_PER_S

MARGIN = 3.0
"""A stretch ends where the counter is this much surer of it than the power's declaration is: what
lies between the two inside one stretch is then spread thinly."""

AGREEMENT = 2.0
"""Standard uncertainties beyond the power's bound at which the two contradict each other."""

SIGNIFICANT = 3.0
"""Standard uncertainties of the counter beyond which it says that the power errs at all."""

_WHOLE_S = 1e-6


def reconciled(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    """By channel id, in the same order: each power that has a counter inside it, corrected by it."""
    result = dict(curves)
    for channel_id, counter in curves.items():
        outer = f"{meter_of(channel_id)}.{counter.channel.inside}"
        power = result.get(outer)
        if power is not None and _same(power.channel, counter.channel):
            result[outer] = reconcile(power, counter)
    return result


def reconcile(power: Curve, counter: Curve) -> Curve:
    """`power` with the joules of `counter` between the moments at which the counter moved.

    Stretches lie between such moments; each is as short as MARGIN allows. In one that the power saw
    whole, the difference is spread in proportion to the power's own declared error a + r P, and
    the sampling variance falls to the counter's variance, where that is less. In one that has gaps,
    the difference is the gaps' energy, which then counts (bridged, still unseen), unless it means a
    power that cannot be. Where both contradict each other beyond what they declare, where the
    counter restarted, outside all stretches, and everywhere if the counter over the whole time says
    no more than its own doubt allows, the power stands as it is.
    """
    stretches = _stretches(power, _moves(counter))
    if not len(stretches.energy_j):
        return power
    times_ns = np.union1d(power.times_ns, stretches.edges_ns())
    refined = _refine(power, times_ns)
    of = stretches.of(times_ns)
    inside = of >= 0
    gains, counted = np.diff(refined.energy_j), np.diff(refined.counted_s)
    steps, variances = np.diff(times_ns) / NS_PER_S, np.diff(refined.variance_j2)

    def total(amounts: Floats) -> Floats:
        sums = np.bincount(of[inside], amounts[inside], minlength=len(stretches.energy_j))
        return sums.astype(np.float64)

    unseen_s = total(steps) - total(counted)
    whole = unseen_s < _WHOLE_S
    lacking = stretches.energy_j - total(gains)
    variance_j2 = total(variances)

    absolute, relative = power.channel.accuracy_absolute_w, power.channel.accuracy_relative
    declared = absolute * counted + relative * gains
    tolerance = total(declared) + AGREEMENT * np.hypot(stretches.u_j, np.sqrt(variance_j2))
    corrected = whole & (np.abs(lacking) <= tolerance)
    if not _significant(stretches, lacking, corrected):
        corrected[:] = False
    share = np.where(corrected, ratio(lacking, total(declared)), 0.0)
    # No correction turns an outlet that was off into a source: such a stretch is scaled.
    scaled = total((gains + share[of] * declared < 0).astype(np.float64)) > 0
    share = np.where(scaled & corrected, ratio(lacking, total(gains)), share)
    gained = share[of] * np.where(scaled[of], gains, declared)
    bend = 1 + share[of] * np.where(scaled[of], 1.0, relative)
    calmer = np.minimum(1.0, ratio(stretches.u_j**2, variance_j2))
    calmer = np.where(corrected & (variance_j2 > 0), calmer, 1.0)

    fill_w = np.nan_to_num(ratio(lacking, np.where(whole, 0.0, unseen_s)), nan=-1.0)
    bridged = (fill_w >= 0) & (fill_w <= plausible_power_w(power.channel))
    filled_s = np.where(inside & bridged[of], steps - counted, 0.0)
    doubt_j2 = filled_s * np.where(bridged, ratio(stretches.u_j**2, unseen_s), 0.0)[of]
    return replace(
        refined,
        energy_j=_cumulative(gains + np.where(inside, gained, 0.0) + filled_s * fill_w[of]),
        counted_s=_cumulative(counted + filled_s),
        variance_j2=_cumulative(variances * np.where(inside, calmer[of], 1.0) + doubt_j2),
        bend_w=refined.bend_w * np.append(np.where(inside, bend, 1.0), 0.0),
        end_variance_j2=_end_variance_j2(stretches, of, corrected),
    )


def _significant(stretches: _Stretches, lacking: Floats, comparable: Flags) -> bool:
    """Whether the counter contradicts the power over all that both saw. One that does not confirms it:
    a correction would then put the counter's steps in place of nothing."""
    follows = np.zeros(len(lacking), dtype=bool)
    follows[1:] = comparable[:-1] & (stretches.start_ns[1:] == stretches.stop_ns[:-1])
    begins = comparable & ~follows
    # One that follows another shares its beginning with the other's end: both errors cancel.
    u_j = math.sqrt(float((stretches.u_j[begins] ** 2).sum()))
    return abs(float(lacking[comparable].sum())) > SIGNIFICANT * u_j


def _end_variance_j2(stretches: _Stretches, of: NDArray[np.intp], corrected: Flags) -> Floats:
    """(n,) at every node: half the variance of the stretch around it, for each has two ends."""
    at_nodes = np.where((of >= 0) & corrected[of], stretches.u_j[of] ** 2 / 2, 0.0)
    result: Floats = np.maximum(np.append(at_nodes, 0.0), np.insert(at_nodes, 0, 0.0))
    return result


@dataclass(frozen=True, slots=True)
class _Moves:
    """When a counter moved, (n,): what it then showed, how well that is known, and the time that it
    counted so far without a break."""

    times_ns: Times
    energy_j: Floats
    u_j: Floats
    lost_s: Floats


@dataclass(frozen=True, slots=True)
class _Stretches:
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


def _stretches(power: Curve, moves: _Moves) -> _Stretches:
    within = (moves.times_ns >= power.times_ns[0]) & (moves.times_ns <= power.times_ns[-1])
    times, energies, doubts, losses = (
        each[within].tolist() for each in (moves.times_ns, moves.energy_j, moves.u_j, moves.lost_s)
    )
    absolute, relative = power.channel.accuracy_absolute_w, power.channel.accuracy_relative
    found: list[tuple[int, int, float, float]] = []
    start = 0
    for stop in range(1, len(times)):
        if losses[stop] - losses[start] > _WHOLE_S:
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
    return _Stretches(
        np.array([each[0] for each in found], dtype=np.int64),
        np.array([each[1] for each in found], dtype=np.int64),
        columns[:, 2],
        columns[:, 3],
    )


def _refine(curve: Curve, times_ns: Times) -> Curve:
    """The same curve with more nodes."""
    index, _, step_s = curve.locate(times_ns)
    parts_s = np.append(np.diff(times_ns) / NS_PER_S, 0.0)
    return replace(
        curve,
        times_ns=times_ns,
        energy_j=curve.energy_at(times_ns),
        seen_s=curve.interpolate(curve.seen_s, times_ns),
        counted_s=curve.interpolate(curve.counted_s, times_ns),
        variance_j2=curve.interpolate(curve.variance_j2, times_ns),
        bend_w=curve.bend_w[index] * parts_s / step_s,
    )


def _same(power: Channel, counter: Channel) -> bool:
    return (power.kind, counter.kind) == ("power", "counter") and power.scope == counter.scope


def _cumulative(amounts: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(amounts)))
