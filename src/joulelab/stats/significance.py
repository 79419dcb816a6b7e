"""Do groups differ, and by how much: tests with the size of the effect beside the p value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from joulelab.stats.correlation import varies

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TwoGroups:
    """`difference` of the means a - b with its interval; `hedges_g` the same in standard deviations;
    `cliffs_delta` P(a > b) - P(a < b) with its interval. p values are two-sided. NaN where a group
    has too few values, and `note` says so."""

    n_a: int
    n_b: int
    difference: float
    low: float
    high: float
    welch_p: float
    hedges_g: float
    hedges_low: float
    hedges_high: float
    mann_whitney_p: float
    cliffs_delta: float
    cliffs_low: float
    cliffs_high: float
    level: float
    note: str


def two_groups(a: npt.ArrayLike, b: npt.ArrayLike, level: float = 0.95) -> TwoGroups:
    """Welch's t (Biometrika 34, 1947; Satterthwaite's degrees of freedom) on the means, Mann and
    Whitney's U (Ann. Math. Stat. 18, 1947; exact for small samples without ties) on the ranks; NaN
    and infinite values are left out."""
    x, y = _finite(a), _finite(b)
    nan = math.nan
    delta, delta_low, delta_high = cliffs_delta(x, y, level)
    if len(x) < 2 or len(y) < 2:
        difference = float(x.mean() - y.mean()) if len(x) and len(y) else nan
        note = f"{len(x)} and {len(y)} values: a test needs two on each side"
        return TwoGroups(
            len(x),
            len(y),
            difference,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            delta,
            nan,
            nan,
            level,
            note,
        )
    rank_p = float(stats.mannwhitneyu(x, y).pvalue)
    difference = float(x.mean() - y.mean())
    if not (varies(x) or varies(y)):
        same = not varies(np.concatenate([x, y]))
        note = "neither group varies: whether they differ needs no test"
        p = 1.0 if same else 0.0
        return TwoGroups(
            len(x), len(y), difference, difference, difference, p, nan, nan, nan, rank_p,
            delta, delta_low, delta_high, level, note,
        )  # fmt: skip
    p, reach = _welch(x, y, level)
    g, g_low, g_high = hedges_g(x, y, level)
    return TwoGroups(
        len(x), len(y), difference, difference - reach, difference + reach, p, g, g_low, g_high,
        rank_p, delta, delta_low, delta_high, level, "",
    )  # fmt: skip


def hedges_g(a: npt.ArrayLike, b: npt.ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """(g, low, high): difference of the means over the pooled standard deviation, times the
    small-sample factor J = 1 - 3 / (4 (n_a + n_b - 2) - 1) (Hedges, J. Educ. Stat. 6, 1981), normal
    interval with variance (n_a + n_b) / (n_a n_b) + g² / (2 (n_a + n_b))."""
    x, y = _finite(a), _finite(b)
    n, m = len(x), len(y)
    if n < 2 or m < 2:
        return math.nan, math.nan, math.nan
    pooled = math.sqrt((x.var(ddof=1) * (n - 1) + y.var(ddof=1) * (m - 1)) / (n + m - 2))
    if pooled == 0:
        return math.nan, math.nan, math.nan
    g = float(x.mean() - y.mean()) / pooled * (1 - 3 / (4 * (n + m - 2) - 1))
    reach = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(
        (n + m) / (n * m) + g**2 / (2 * (n + m))
    )
    return g, g - reach, g + reach


def cliffs_delta(
    a: npt.ArrayLike, b: npt.ArrayLike, level: float = 0.95
) -> tuple[float, float, float]:
    """(delta, low, high): P(a > b) - P(a < b) over all pairs, 2 U / (n m) - 1 (Cliff, Psychol. Bull.
    114, 1993), with his asymmetric interval from the unbiased variance of delta. Where the groups do
    not overlap (|delta| = 1) that variance is 0, and the bound is (n - z²) / (n + z²) with the
    smaller n (Feng and Cliff, J. Mod. Appl. Stat. Methods 3, 2004). O((n + m) log m)."""
    x, y = _finite(a), _finite(b)
    n, m = len(x), len(y)
    if n == 0 or m == 0:
        return math.nan, math.nan, math.nan
    of_x = _dominance(x, y)
    of_y = -_dominance(y, x)
    delta = float(of_x.mean())
    if n < 2 or m < 2:
        return delta, math.nan, math.nan
    z = float(stats.norm.ppf((1 + level) / 2))
    if abs(delta) == 1.0:
        least = min(n, m)
        bound = (least - z**2) / (least + z**2)
        return (delta, bound, 1.0) if delta > 0 else (delta, -1.0, -bound)
    squares = _squared_dominance(x, y)
    v_x, v_y = float(of_x.var(ddof=1)), float(of_y.var(ddof=1))
    rows = m**2 * (n - 1) * v_x + n**2 * (m - 1) * v_y
    cells = squares - n * m * delta**2
    # Small samples may give a negative estimate: Cliff's lower bound.
    variance = max((rows - cells) / (n * m * (n - 1) * (m - 1)), (1 - delta**2) / (n * m - 1))
    root = z * math.sqrt(variance) * math.sqrt((1 - delta**2) ** 2 + z**2 * variance)
    base = 1 - delta**2 + z**2 * variance
    low, high = (delta - delta**3 - root) / base, (delta - delta**3 + root) / base
    return delta, max(low, -1.0), min(high, 1.0)


@dataclass(frozen=True)
class ManyGroups:
    """`epsilon_squared` of the ranks: 0 no effect, 1 the group tells the rank."""

    statistic: float
    p: float
    epsilon_squared: float
    groups: int
    n: int
    note: str


def many_groups(groups: Sequence[npt.ArrayLike]) -> ManyGroups:
    """Kruskal and Wallis' H with ties (J. Am. Stat. Assoc. 47, 1952); effect size
    epsilon² = H / (n - 1) (Tomczak and Tomczak, Trends Sport Sci. 1, 2014)."""
    kept = [each for each in map(_finite, groups) if len(each)]
    n = sum(map(len, kept))
    nan = math.nan
    if len(kept) < 2:
        return ManyGroups(nan, nan, nan, len(kept), n, "one level alone: nothing to compare")
    if n < len(kept) + 2:
        note = f"{n} values in {len(kept)} groups: too few for a test"
        return ManyGroups(nan, nan, nan, len(kept), n, note)
    if not varies(np.concatenate(kept)):
        return ManyGroups(0.0, 1.0, 0.0, len(kept), n, "all values are the same")
    statistic, p = stats.kruskal(*kept)
    return ManyGroups(float(statistic), float(p), float(statistic) / (n - 1), len(kept), n, "")


def _welch(x: Floats, y: Floats, level: float) -> tuple[float, float]:
    """p and half the width of the interval of the difference."""
    a, b = float(x.var(ddof=1)) / len(x), float(y.var(ddof=1)) / len(y)
    freedom = (a + b) ** 2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1))
    u = math.sqrt(a + b)
    p = 2 * float(stats.t.sf(abs(float(x.mean() - y.mean())) / u, freedom))
    return p, float(stats.t.ppf((1 + level) / 2, freedom)) * u


def _dominance(x: Floats, y: Floats) -> Floats:
    """(n,) of each x: share of y below it less share of y above it."""
    rising = np.sort(y)
    below = np.searchsorted(rising, x, "left")
    above = len(y) - np.searchsorted(rising, x, "right")
    shares: Floats = (below - above) / len(y)
    return shares


def _squared_dominance(x: Floats, y: Floats) -> float:
    """Number of pairs that differ."""
    rising = np.sort(y)
    ties = np.searchsorted(rising, x, "right") - np.searchsorted(rising, x, "left")
    return float(len(x) * len(y) - ties.sum())


def _finite(values: npt.ArrayLike) -> Floats:
    array: Floats = np.asarray(values, dtype=float).ravel()
    return np.asarray(array[np.isfinite(array)])
