"""Whether an instrument tells more than the time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy.typing as npt

from joulelab.stats.agreement import pairs
from joulelab.stats.correlation import coefficient, fisher_interval, varies


@dataclass(frozen=True)
class Clock:
    """Whether an instrument tells more than the time: `r` of its energy with the duration, its
    mean power and the relative spread of that, and `information`, the share of the energy's variance
    that a constant power does not explain."""

    r: float
    low: float
    high: float
    mean_w: float
    sd_w: float
    information: float
    n: int

    @property
    def is_clock(self) -> bool:
        """Less than 1 % of its variance is more than duration x one power, over 10 runs or more
        whose durations differ at least twofold as the caller should make sure."""
        return self.n >= 10 and self.information < 0.01


def clock(energy_j: npt.ArrayLike, duration_s: npt.ArrayLike) -> Clock:
    """`information` = sum (E - P t)² / sum (E - mean E)² with P = sum E t / sum t²."""
    e, t = pairs(energy_j, duration_s)
    keep = t > 0
    e, t = e[keep], t[keep]
    n = len(e)
    if n < 3 or not (varies(e) and varies(t)):
        return Clock(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, n)
    r = coefficient(e, t)
    power = e / t
    rest = e - t * (float(e @ t) / float(t @ t))
    around = e - e.mean()
    information = float(rest @ rest) / float(around @ around)
    low, high = fisher_interval(r, n)
    return Clock(r, low, high, float(power.mean()), float(power.std(ddof=1)), information, n)
