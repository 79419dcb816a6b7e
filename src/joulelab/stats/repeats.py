"""The mean of repeats and its standard uncertainty (k = 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mean:
    """`u_independent` shrinks with more repeats and differs between configurations, `u_shared` is
    the instrument's and neither shrinks nor differs. NaN where nobody can know."""

    value: float
    u_independent: float
    u_shared: float
    n: int

    @property
    def u(self) -> float:
        return math.hypot(self.u_independent, self.u_shared)


def mean_of_repeats(
    values: npt.ArrayLike,
    u_independent: npt.ArrayLike | None = None,
    u_shared: npt.ArrayLike | None = None,
) -> Mean:
    """Mean of (n,) values, NaN left out, and its uncertainty.

    The independent part is the sample standard deviation over sqrt n (JCGM 100:2008, 4.2.3), but no
    less than what the meter's own independent uncertainties leave of it, sqrt(sum u²) / n: two
    repeats may agree by luck. The shared part is that of one run, since averaging does not touch
    it. One value without a meter's uncertainty has an unknown one: NaN.
    """
    array = np.asarray(values, dtype=float)
    known = ~np.isnan(array)
    n = int(known.sum())
    if n == 0:
        return Mean(math.nan, math.nan, math.nan, 0)
    array = array[known]
    of_sample = float(np.std(array, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    of_meter = _of_meter(u_independent, known, n)
    candidates = [u for u in (of_sample, of_meter) if not math.isnan(u)]
    shared = 0.0 if u_shared is None else _mean(np.asarray(u_shared, dtype=float)[known])
    return Mean(float(array.mean()), max(candidates, default=math.nan), shared, n)


@dataclass(frozen=True)
class Ratio:
    value: float
    u: float


def ratio(numerator: Mean, denominator: Mean, same_instrument: bool) -> Ratio:
    """numerator / denominator, first-order propagation (JCGM 100:2008, 5.1.2). On one instrument a
    gain error cancels: of the shared parts only their relative difference is left."""
    if denominator.value == 0:
        return Ratio(math.nan, math.nan)
    value = numerator.value / denominator.value
    shared = [_relative(mean.u_shared, mean) for mean in (numerator, denominator)]
    of_shared = abs(shared[0] - shared[1]) if same_instrument else math.hypot(*shared)
    own = [_relative(mean.u_independent, mean) for mean in (numerator, denominator)]
    return Ratio(value, abs(value) * math.hypot(*own, of_shared))


def _relative(u: float, mean: Mean) -> float:
    return u / abs(mean.value) if mean.value else math.nan


def _of_meter(u_independent: npt.ArrayLike | None, known: npt.NDArray[np.bool_], n: int) -> float:
    if u_independent is None:
        return math.nan
    u = np.asarray(u_independent, dtype=float)[known]
    return math.nan if np.isnan(u).any() else float(np.sqrt(np.sum(u**2))) / n


def _mean(values: npt.NDArray[np.float64]) -> float:
    return math.nan if np.isnan(values).all() else float(np.nanmean(values))


@dataclass(frozen=True)
class Means:
    """A `Mean` a group, as arrays (g,)."""

    value: Floats
    u_independent: Floats
    u_shared: Floats
    n: npt.NDArray[np.int64]

    @property
    def u(self) -> Floats:
        return np.hypot(self.u_independent, self.u_shared)


def means_of_groups(
    groups: npt.NDArray[np.int64],
    count: int,
    values: npt.ArrayLike,
    u_independent: npt.ArrayLike | None = None,
    u_shared: npt.ArrayLike | None = None,
) -> Means:
    """`mean_of_repeats` of each of `count` groups at once; `groups` (n,) says whose each value is."""
    array = np.asarray(values, dtype=float)
    known = ~np.isnan(array)
    array, owner = array[known], groups[known]

    def total(summands: Floats, owners: npt.NDArray[np.int64]) -> Floats:
        return np.bincount(owners, weights=summands, minlength=count).astype(float)

    n = np.bincount(owner, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total(array, owner) / n
        variance = total((array - mean[owner]) ** 2, owner) / (n - 1)
        of_sample = np.where(n > 1, np.sqrt(variance / n), np.nan)
        of_meter = np.full(count, np.nan)
        if u_independent is not None:
            own = np.asarray(u_independent, dtype=float)[known]
            of_meter = np.where(n > 0, np.sqrt(total(own**2, owner)) / n, np.nan)
        shared = np.where(n > 0, 0.0, np.nan)
        if u_shared is not None:
            theirs = np.asarray(u_shared, dtype=float)[known]
            told = ~np.isnan(theirs)
            shared = total(theirs[told], owner[told]) / np.bincount(owner[told], minlength=count)
    return Means(mean, np.fmax(of_sample, of_meter), shared, n)
