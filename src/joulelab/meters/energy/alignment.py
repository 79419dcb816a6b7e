"""Another clock's offset from a load pattern that this host made: on and off, a few times.

The pattern's edges are known on this host's clock (phases `clock/on`); the instrument saw them on
its own. Of all shifts, the right one gives the highest contrast: mean power while on less mean
power while off. For a square load the contrast falls off on both sides in straight lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from joulelab.meters.energy.curves import Curve, Floats, Times, curves_of
from joulelab.meters.energy.scopes import meter_of
from joulelab.records import Metrics, Phase, Trace
from joulelab.units import NS_PER_S

PATTERN, ON = "clock", "clock/on"
SEARCH_S = 30.0
STEPS_AN_INTERVAL = 20
HIDDEN_STEPS = 101
LEAST_SIGMA = 4.0
"""A contrast below so many of its standard errors is noise, not the pattern."""


@dataclass(frozen=True, slots=True)
class Offset:
    """The instrument's clock less this host's, after what was already subtracted, and its standard
    uncertainty; `contrast_w` is the power between on and off that the pattern showed."""

    offset_s: float
    u_offset_s: float
    contrast_w: float


def aligned(trace: Trace, search_s: float = SEARCH_S) -> Trace:
    """The same trace with every remote clock's samples moved to this host's clock, as far as the
    pattern tells; the trace itself where it holds no pattern. Channels stamped here stay."""
    if not any(phase.name == ON for phase in trace.phases):
        return trace
    curves = curves_of(trace)
    shifts: dict[str, Offset] = {}
    for channel_id, curve in curves.items():
        meter = meter_of(channel_id)
        if curve.channel.u_clock_s > 0 and meter not in shifts:
            found = offset(curve, trace.phases, search_s)
            # A better known clock must not be replaced by a worse guess.
            if found is not None and found.u_offset_s < curve.channel.u_clock_s:
                shifts[meter] = found
    channels, times = dict(trace.channels), dict(trace.times_ns)
    for channel_id, channel in trace.channels.items():
        shift = shifts.get(meter_of(channel_id))
        if shift is not None and channel.u_clock_s > 0:
            channels[channel_id] = replace(
                channel,
                clock_offset_s=channel.clock_offset_s + shift.offset_s,
                u_clock_s=shift.u_offset_s,
            )
            times[channel_id] = np.asarray(times[channel_id]) - round(shift.offset_s * NS_PER_S)
    return replace(trace, channels=channels, times_ns=times)


def metrics(trace: Trace) -> Metrics:
    """`clock/<meter>/offset_s` and `clock/<meter>/u_offset_s` of every meter with another clock."""
    numbers: Metrics = {}
    for channel_id, channel in trace.channels.items():
        if channel.u_clock_s > 0:
            meter = meter_of(channel_id)
            numbers[f"clock/{meter}/offset_s"] = channel.clock_offset_s
            numbers[f"clock/{meter}/u_offset_s"] = channel.u_clock_s
    return numbers


def offset(curve: Curve, phases: Sequence[Phase], search_s: float = SEARCH_S) -> Offset | None:
    """None where the curve does not show the pattern.

    Sampling hides where between two samples an edge lay: `_hidden_s`. Noise of the power adds
    sigma / contrast times the interval / sqrt n for n edges, for at an edge one sample decides.
    """
    on = [(phase.start_ns, phase.stop_ns) for phase in phases if phase.name == ON]
    whole = [(phase.start_ns, phase.stop_ns) for phase in phases if phase.name == PATTERN]
    if not on or not whole or len(curve.times_ns) < 2 * len(on):
        return None
    on_edges = np.array(on, dtype=np.int64)
    edges = np.array([whole[0]], dtype=np.int64)
    interval_s = float(np.median(np.diff(curve.times_ns))) / NS_PER_S
    best_s = 0.0
    for step_s, reach_s in (
        (interval_s / 2, search_s),
        (interval_s / STEPS_AN_INTERVAL, interval_s),
    ):
        shifts: Floats = np.arange(best_s - reach_s, best_s + reach_s + step_s, step_s, np.float64)
        contrasts = np.array([_contrast(curve, on_edges, edges, shift) for shift in shifts])
        if not np.isfinite(contrasts).any():
            return None
        best_s = float(_middle_of_best(shifts, contrasts))
    contrast_w = _contrast(curve, on_edges, edges, best_s)
    noise_w = _noise_w(curve, on_edges, edges, best_s)
    samples = (edges[0, 1] - edges[0, 0]) / NS_PER_S / interval_s
    if not contrast_w > LEAST_SIGMA * noise_w * 2 / math.sqrt(samples):
        return None
    noise_s = interval_s * noise_w / contrast_w / math.sqrt(2 * len(on))
    hidden_s = _hidden_s(curve.times_ns, on_edges.ravel() + round(best_s * NS_PER_S), interval_s)
    update_s = curve.channel.update_period_s / math.sqrt(12)
    return Offset(best_s, math.hypot(hidden_s, noise_s, update_s), contrast_w)


def _hidden_s(times_ns: Times, edges_ns: Times, interval_s: float) -> float:
    """Root mean square of the error that samples at these times allow, over true shifts of up to
    half an interval: an edge is taken for the middle of the two samples around it, and the errors
    of all edges average out as far as they differ."""
    shifts_ns = np.round(np.linspace(-0.5, 0.5, HIDDEN_STEPS) * interval_s * NS_PER_S)
    true_ns = edges_ns[:, None] + shifts_ns.astype(np.int64)
    after = np.clip(np.searchsorted(times_ns, true_ns), 1, len(times_ns) - 1)
    middle_ns = (times_ns[after] + times_ns[after - 1]) / 2
    errors_s = ((middle_ns - true_ns) / NS_PER_S).mean(axis=0)
    return float(np.sqrt((errors_s**2).mean()))


def _contrast(curve: Curve, on: Times, whole: Times, shift_s: float) -> float:
    """Mean watts while on less mean watts while off, the pattern moved by `shift_s`."""
    shift_ns = round(shift_s * NS_PER_S)
    on_j, on_s = _sums(curve, on + shift_ns)
    all_j, all_s = _sums(curve, whole + shift_ns)
    off_s = all_s - on_s
    if on_s <= 0 or off_s <= 0:
        return math.nan
    return on_j / on_s - (all_j - on_j) / off_s


def _sums(curve: Curve, intervals: Times) -> tuple[float, float]:
    start, stop = intervals[:, 0], intervals[:, 1]
    energy_j = curve.energy_at(stop) - curve.energy_at(start)
    seen_s = curve.interpolate(curve.seen_s, stop) - curve.interpolate(curve.seen_s, start)
    return float(energy_j.sum()), float(seen_s.sum())


def _middle_of_best(shifts: Floats, contrasts: Floats) -> float:
    """The middle of the plateau around the maximum: sampling cuts the top of the triangle off."""
    top = np.nanmax(contrasts)
    best = np.flatnonzero(contrasts >= top - 1e-9 * abs(top))
    return float(shifts[best].mean())


def _noise_w(curve: Curve, on: Times, whole: Times, shift_s: float) -> float:
    """Standard deviation of the samples around their level, away from the edges."""
    shift_ns = round(shift_s * NS_PER_S)
    start, stop = whole[0] + shift_ns
    inside = curve.times_ns[(curve.times_ns > start) & (curve.times_ns < stop)]
    if len(inside) < 4:
        return math.inf
    power_w = np.diff(curve.energy_at(inside)) / (np.diff(inside) / NS_PER_S)
    middle = (inside[1:] + inside[:-1]) // 2
    is_on = (
        (middle[:, None] >= on[:, 0] + shift_ns) & (middle[:, None] < on[:, 1] + shift_ns)
    ).any(axis=1)
    around = np.abs(middle[:, None] - (on + shift_ns).ravel()).min(axis=1)
    clear = around > np.median(np.diff(inside))
    parts = [power_w[is_on & clear], power_w[~is_on & clear]]
    spreads = [float(part.std(ddof=1)) for part in parts if len(part) > 1]
    return max(spreads, default=math.inf)
