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

from joulelab.meters.energy.counter_stretches import WHOLE_S, Stretches
from joulelab.meters.energy.counter_stretches import stretches as counter_stretches
from joulelab.meters.energy.curves import Curve, Flags, Floats, Times, plausible_power_w, ratio
from joulelab.meters.energy.scopes import meter_of
from joulelab.records import Channel
from joulelab.units import NS_PER_S

AGREEMENT = 2.0
"""Standard uncertainties beyond the power's bound at which the two contradict each other."""

SIGNIFICANT = 3.0
"""Standard uncertainties of the counter beyond which it says that the power errs at all."""


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
    stretches = counter_stretches(power, counter)
    if not len(stretches.energy_j):
        return power
    cells = _Cells.of(power, stretches)
    corrected, gained_j, bend = _correction(cells)
    filled_s, filled_j, doubt_j2 = _bridges(cells)
    inside, variance_j2 = cells.inside, cells.total(cells.variance_j2)
    calmer = np.minimum(1.0, ratio(stretches.u_j**2, variance_j2))
    calmer = np.where(corrected & (variance_j2 > 0), calmer, 1.0)[cells.stretch]
    return replace(
        cells.curve,
        energy_j=_cumulative(cells.gain_j + np.where(inside, gained_j, 0.0) + filled_j),
        counted_s=_cumulative(cells.counted_s + filled_s),
        variance_j2=_cumulative(cells.variance_j2 * np.where(inside, calmer, 1.0) + doubt_j2),
        bend_w=cells.curve.bend_w * np.append(np.where(inside, bend, 1.0), 0.0),
        end_variance_j2=_end_variance_j2(cells, corrected),
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """The power cut at its own samples and at the ends of stretches: (k,) a cell, `stretch` -1 for
    none; `curve` has the k + 1 nodes."""

    curve: Curve
    stretches: Stretches
    stretch: NDArray[np.intp]
    step_s: Floats
    gain_j: Floats
    counted_s: Floats
    variance_j2: Floats

    @classmethod
    def of(cls, power: Curve, stretches: Stretches) -> _Cells:
        times_ns = np.union1d(power.times_ns, stretches.edges_ns())
        curve = _refine(power, times_ns)
        return cls(
            curve,
            stretches,
            stretches.of(times_ns),
            np.diff(times_ns) / NS_PER_S,
            np.diff(curve.energy_j),
            np.diff(curve.counted_s),
            np.diff(curve.variance_j2),
        )

    @property
    def inside(self) -> Flags:
        flags: Flags = self.stretch >= 0
        return flags

    def total(self, amounts: Floats) -> Floats:
        """(m,) sums over the cells of each stretch."""
        held, count = self.inside, len(self.stretches.energy_j)
        sums = np.bincount(self.stretch[held], amounts[held], minlength=count)
        return sums.astype(np.float64)

    @property
    def unseen_s(self) -> Floats:
        return self.total(self.step_s) - self.total(self.counted_s)

    @property
    def lacking_j(self) -> Floats:
        return self.stretches.energy_j - self.total(self.gain_j)


def _correction(cells: _Cells) -> tuple[Flags, Floats, Floats]:
    """(m,) which stretches are corrected; (k,) joules added to each cell, factor of its bend."""
    stretches, of, gains = cells.stretches, cells.stretch, cells.gain_j
    channel = cells.curve.channel
    declared = channel.accuracy_absolute_w * cells.counted_s + channel.accuracy_relative * gains
    sampling_j = np.sqrt(cells.total(cells.variance_j2))
    tolerance = cells.total(declared) + AGREEMENT * np.hypot(stretches.u_j, sampling_j)
    lacking = cells.lacking_j
    corrected = (cells.unseen_s < WHOLE_S) & (np.abs(lacking) <= tolerance)
    if not _significant(stretches, lacking, corrected):
        corrected[:] = False
    share = np.where(corrected, ratio(lacking, cells.total(declared)), 0.0)
    # No correction turns an outlet that was off into a source: such a stretch is scaled.
    scaled = cells.total((gains + share[of] * declared < 0).astype(np.float64)) > 0
    share = np.where(scaled & corrected, ratio(lacking, cells.total(gains)), share)
    gained = share[of] * np.where(scaled[of], gains, declared)
    return corrected, gained, 1 + share[of] * np.where(scaled[of], 1.0, channel.accuracy_relative)


def _bridges(cells: _Cells) -> tuple[Floats, Floats, Floats]:
    """(k,) seconds, joules and variance that the counter adds where the power has gaps."""
    unseen_s, of = cells.unseen_s, cells.stretch
    fill_w = np.nan_to_num(
        ratio(cells.lacking_j, np.where(unseen_s < WHOLE_S, 0.0, unseen_s)), nan=-1.0
    )
    bridged = (fill_w >= 0) & (fill_w <= plausible_power_w(cells.curve.channel))
    filled_s = np.where(cells.inside & bridged[of], cells.step_s - cells.counted_s, 0.0)
    doubt_w = np.where(bridged, ratio(cells.stretches.u_j**2, unseen_s), 0.0)
    return filled_s, filled_s * fill_w[of], filled_s * doubt_w[of]


def _significant(stretches: Stretches, lacking: Floats, comparable: Flags) -> bool:
    """Whether the counter contradicts the power over all that both saw. One that does not confirms it:
    a correction would then put the counter's steps in place of nothing."""
    follows = np.zeros(len(lacking), dtype=bool)
    follows[1:] = comparable[:-1] & (stretches.start_ns[1:] == stretches.stop_ns[:-1])
    begins = comparable & ~follows
    # One that follows another shares its beginning with the other's end: both errors cancel.
    u_j = math.sqrt(float((stretches.u_j[begins] ** 2).sum()))
    return abs(float(lacking[comparable].sum())) > SIGNIFICANT * u_j


def _end_variance_j2(cells: _Cells, corrected: Flags) -> Floats:
    """(n,) at every node: half the variance of the stretch around it, for each has two ends."""
    held = cells.inside & corrected[cells.stretch]
    in_cells = np.where(held, cells.stretches.u_j[cells.stretch] ** 2 / 2, 0.0)
    result: Floats = np.maximum(np.append(in_cells, 0.0), np.insert(in_cells, 0, 0.0))
    return result


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
