"""Two configurations side by side: how much they differ, and how sure the sign is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from joulelab.stats.quotient import Quotient, quotient
from joulelab.stats.repeats import Mean


@dataclass(frozen=True)
class Versus:
    """a against b: `difference` a - b with standard uncertainty `u` and the interval that holds it
    with probability `level`; `probability_lower` that a lies below b; `ratio` a / b. NaN where an
    uncertainty is unknown; `basis` says where the uncertainty comes from."""

    difference: float
    u: float
    low: float
    high: float
    probability_lower: float
    ratio: Quotient
    degrees_of_freedom: float
    basis: str
    level: float


def versus(a: Mean, b: Mean, same_instrument: bool, level: float = 0.95) -> Versus:
    """Student's t with u² = u_a² + u_b² of the independent parts plus the shared part: on one
    instrument |u_shared,a - u_shared,b| (the errors are one and the same; the rest cancels), else
    both in quadrature. Degrees of freedom by Welch and Satterthwaite (JCGM 100:2008, G.4.1) from the
    repeats of both; a mean that ran once has the meter's uncertainty, taken as exactly known. The
    probability is the posterior under flat priors (Behrens and Fisher's problem, in Welch's
    approximation)."""
    common = abs(a.u_shared - b.u_shared) if same_instrument else math.hypot(a.u_shared, b.u_shared)
    u = math.sqrt(a.u_independent**2 + b.u_independent**2 + common**2)
    difference = a.value - b.value
    freedom = _freedom(a, b, u)
    basis = _basis(a, b)
    covariance = a.u_shared * b.u_shared if same_instrument else 0.0
    share = quotient(a.value, a.u, b.value, b.u, covariance, level, freedom)
    if not math.isfinite(difference) or math.isnan(u):
        nan = math.nan
        return Versus(difference, nan, nan, nan, nan, share, nan, "unknown", level)
    if u == 0:
        lower = 0.5 if difference == 0 else float(difference < 0)
        return Versus(difference, 0.0, difference, difference, lower, share, freedom, basis, level)
    lower = float(stats.t.cdf(-difference / u, freedom))
    reach = float(stats.t.ppf((1 + level) / 2, freedom)) * u
    return Versus(
        difference, u, difference - reach, difference + reach, lower, share, freedom, basis, level
    )


@dataclass(frozen=True)
class Scatter:
    """Of single runs around the mean of their configuration: `relative` sd, over `groups` with
    repeats, `degrees_of_freedom` in all."""

    relative: float
    degrees_of_freedom: int
    groups: int


def pooled_scatter(values: npt.ArrayLike, groups: npt.ArrayLike) -> Scatter:
    """sqrt(sum (x_ij / mean_i - 1)² / sum (n_i - 1)) over configurations i with repeats j: one
    relative scatter for all, as energies have; it lends an uncertainty to configurations that ran
    once, and is only as good as that assumption. NaN where nothing was repeated."""
    x = np.asarray(values, dtype=float)
    keep = np.isfinite(x)
    codes = np.unique(np.asarray(groups).astype(str)[keep], return_inverse=True)[1]
    x = x[keep]
    if len(x) == 0:
        return Scatter(math.nan, 0, 0)
    n = np.bincount(codes)
    means = np.bincount(codes, x) / n
    repeated = (n > 1) & (means != 0)
    rows = repeated[codes]
    freedom = int((n[repeated] - 1).sum())
    if freedom == 0:
        return Scatter(math.nan, 0, 0)
    residuals = x[rows] / means[codes[rows]] - 1
    return Scatter(math.sqrt(float(residuals @ residuals) / freedom), freedom, int(repeated.sum()))


def _freedom(a: Mean, b: Mean, u: float) -> float:
    terms = sum(each.u_independent**4 / (each.n - 1) for each in (a, b) if each.n > 1)
    return u**4 / terms if terms > 0 else math.inf


def _basis(a: Mean, b: Mean) -> str:
    if min(a.n, b.n) > 1:
        return "repeats and meter"
    return (
        "meter alone: how runs scatter is not in it"
        if max(a.n, b.n) == 1
        else "repeats of one side"
    )
