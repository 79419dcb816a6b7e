"""How far two instruments that watched the same run agree.

Slope and offset by ordinary least squares of the second on the first; bias and limits of agreement
after Bland & Altman, Lancet 327 (1986) 307: mean of the differences, and 1.96 of their standard
deviations on both sides. Two scopes may be set beside each other so (a supply's losses are the
offset), but they are never averaged.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from joulelab.meters.energy.curves import Curve, Floats, Times, curves_of, ratio
from joulelab.meters.energy.intervals import Intervals
from joulelab.meters.energy.scopes import meter_of
from joulelab.records import Metrics, Trace
from joulelab.units import NS_PER_S

MIN_WINDOW_S = 1.0
INTERVALS_A_WINDOW = 3
MIN_WINDOWS = 5
WINDOW_SEEN = 0.99
LIMITS = 1.96
PARTS = frozenset({"cpu", "dram", "gpu"})


@dataclass(frozen=True, slots=True)
class Agreement:
    """`second` against `first` (`<meter>.<scope>`) over `windows` of `window_s`: powers in W.

    `second = offset_w + slope x first`; NaN slope and offset where the first never changed.
    `bias_w` is the mean of second less first, `lower_w` and `upper_w` the limits of agreement.
    """

    first: str
    second: str
    windows: int
    window_s: float
    slope: float
    u_slope: float
    offset_w: float
    u_offset_w: float
    correlation: float
    bias_w: float
    lower_w: float
    upper_w: float


def agreements(trace: Trace, intervals: Intervals) -> list[Agreement]:
    """Of every pair of instruments, measured ones first, over the windows that both saw whole.

    An instrument here is all that one meter sums up at one scope. Two scopes of one meter are no
    pair, nor are two parts of a machine beside each other (cpu, dram, gpu). Pairs with fewer than
    MIN_WINDOWS common windows are left out.
    """
    sums = _instruments(curves_of(trace))
    found = []
    for (first, a), (second, b) in itertools.combinations(sums.items(), 2):
        if _comparable(first, second):
            pair = _compared(first, a, second, b, intervals)
            if pair is not None:
                found.append(pair)
    return found


def _comparable(first: str, second: str) -> bool:
    scopes = {name.rpartition(".")[2] for name in (first, second)}
    beside = len(scopes) == 2 and scopes <= PARTS
    return meter_of(first) != meter_of(second) and not beside


def metrics(found: Sequence[Agreement]) -> Metrics:
    """`agreement/<first>/<second>/{slope,offset_w,bias_w,lower_w,upper_w,windows}`."""
    numbers: Metrics = {}
    for each in found:
        for name in ("slope", "offset_w", "bias_w", "lower_w", "upper_w", "windows"):
            value = float(getattr(each, name))
            if not math.isnan(value):
                numbers[f"agreement/{each.first}/{each.second}/{name}"] = value
    return numbers


def _instruments(curves: Mapping[str, Curve]) -> dict[str, list[Curve]]:
    found: dict[str, list[Curve]] = {}
    order = sorted(curves.items(), key=lambda item: item[1].channel.provenance != "measured")
    for channel_id, curve in order:
        if curve.channel.inside is None and curve.counted_s[-1] > 0:
            name = f"{meter_of(channel_id)}.{curve.channel.scope}"
            found.setdefault(name, []).append(curve)
    return found


def _compared(
    first: str, a: list[Curve], second: str, b: list[Curve], intervals: Intervals
) -> Agreement | None:
    window_s = max(MIN_WINDOW_S, *(_window_s(curve) for curve in (*a, *b)))
    starts = _window_starts(intervals, window_s)
    if len(starts) < MIN_WINDOWS:
        return None
    x, y = _powers(a, starts, window_s), _powers(b, starts, window_s)
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < MIN_WINDOWS:
        return None
    x, y = x[both], y[both]
    difference = y - x
    bias_w, spread_w = float(difference.mean()), LIMITS * float(difference.std(ddof=1))
    return Agreement(
        first,
        second,
        len(x),
        window_s,
        *_line(x, y),
        bias_w,
        bias_w - spread_w,
        bias_w + spread_w,
    )


def _window_s(curve: Curve) -> float:
    """Long enough that a slow instrument's readings are not compared with a fast one's moment."""
    nodes = np.diff(curve.times_ns) / NS_PER_S
    typical_s = float(np.median(nodes)) if len(nodes) else 0.0
    return max(INTERVALS_A_WINDOW * typical_s, curve.window_s)


def _window_starts(intervals: Intervals, window_s: float) -> Times:
    step = round(window_s * NS_PER_S)
    pieces = [np.arange(start, stop - step + 1, step) for start, stop in intervals]
    joined: Times = np.concatenate([*pieces, np.empty(0)]).astype(np.int64)
    return joined


def _powers(curves: list[Curve], starts: Times, window_s: float) -> Floats:
    """(n,) mean watts of the curves' sum in each window, NaN where one of them has a gap."""
    stops = starts + round(window_s * NS_PER_S)
    total = np.zeros(len(starts))
    for curve in curves:
        seen_s = curve.interpolate(curve.seen_s, stops) - curve.interpolate(curve.seen_s, starts)
        energy_j = curve.energy_at(stops) - curve.energy_at(starts)
        total += np.where(seen_s >= WINDOW_SEEN * window_s, ratio(energy_j, seen_s), np.nan)
    return total


def _line(x: Floats, y: Floats) -> tuple[float, float, float, float, float]:
    """Slope, its standard error, offset, its standard error, correlation."""
    n, mean = len(x), float(x.mean())
    spread = float(((x - mean) ** 2).sum())
    if spread <= 1e-9 * max(mean**2, 1.0) * n:
        return math.nan, math.nan, math.nan, math.nan, math.nan
    slope = float(((x - mean) * (y - y.mean())).sum()) / spread
    offset = float(y.mean()) - slope * mean
    residual = float(((y - offset - slope * x) ** 2).sum()) / max(n - 2, 1)
    u_slope = math.sqrt(residual / spread)
    u_offset = math.sqrt(residual * (1 / n + mean**2 / spread))
    y_spread = float(((y - y.mean()) ** 2).sum())
    correlation = slope * math.sqrt(spread / y_spread) if y_spread > 0 else math.nan
    return slope, u_slope, offset, u_offset, correlation
