"""How far two instruments lie apart, run by run: the limits of agreement."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from joulelab.stats.agreement import pairs

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """Mean difference y - x (`bias`) and the `limits` that hold 95 % of the differences, each with
    its standard uncertainty; of `ratio`s y / x where that was asked for. `left_out` runs had no
    ratio. (n,) `means` and `differences` (or ratios) are what a plot shows."""

    bias: float
    u_bias: float
    low: float
    high: float
    u_limit: float
    ratio: bool
    n: int
    left_out: int
    means: Floats
    differences: Floats


def bland_altman(x: npt.ArrayLike, y: npt.ArrayLike, ratio: bool = False) -> Limits:
    """Bland and Altman (Lancet 327, 1986): mean ± 1.96 sd of the differences; standard uncertainty of
    a limit sd sqrt(1 / n + 1.96² / (2 (n - 1))) (Stat. Methods Med. Res. 8, 1999). `ratio`: of ln(y
    / x), told as ratios, for energies whose difference grows with their size; runs in which either
    is not above zero are left out of it."""
    a, b = pairs(x, y)
    keep = (a > 0) & (b > 0) if ratio else np.ones(len(a), dtype=bool)
    a, b, left_out = a[keep], b[keep], int((~keep).sum())
    n = len(a)
    means = np.sqrt(a * b) if ratio else (a + b) / 2
    differences = np.log(b / a) if ratio else b - a
    shown = np.exp(differences) if ratio else differences
    nan = math.nan
    if n < 3:
        return Limits(nan, nan, nan, nan, nan, ratio, n, left_out, means, shown)
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    z = float(stats.norm.ppf(0.975))
    low, high = bias - z * sd, bias + z * sd
    u_bias, u_limit = sd / math.sqrt(n), sd * math.sqrt(1 / n + z**2 / (2 * (n - 1)))
    if ratio:
        bias, low, high = math.exp(bias), math.exp(low), math.exp(high)
        u_bias, u_limit = bias * u_bias, bias * u_limit
    return Limits(bias, u_bias, low, high, u_limit, ratio, n, left_out, means, shown)
