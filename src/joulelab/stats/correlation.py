"""Which columns move together: Pearson's and Spearman's coefficients with intervals, covariance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Method = Literal["pearson", "spearman"]


@dataclass(frozen=True)
class Correlations:
    """(k, k) symmetric arrays over the columns: `r` with 1 on the diagonal, its interval `low` to
    `high`, `n` rows in which both columns are finite, `p` two-sided against no relation, and the
    sample `covariance`. NaN where a column does not vary or fewer than 3 rows are there."""

    r: Floats
    low: Floats
    high: Floats
    n: npt.NDArray[np.int64]
    p: Floats
    covariance: Floats
    method: Method
    level: float


def correlations(
    columns: npt.ArrayLike, method: Method = "pearson", level: float = 0.95
) -> Correlations:
    """Of (n, k) columns, each pair over the rows where both are finite.

    Interval by Fisher's z: tanh(atanh r ± z s), s² = 1 / (n - 3) for Pearson (Metron 1, 1921), and
    (1 + r² / 2) / (n - 3) for Spearman (Bonett and Wright, Psychometrika 65, 2000); from 4 rows on.
    p from t = r sqrt((n - 2) / (1 - r²)).
    """
    table = np.asarray(columns, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"correlations are of (n, k) columns, not of shape {table.shape}")
    k = table.shape[1]
    r, low, high, p, covariance = (np.full((k, k), math.nan) for _ in range(5))
    count = np.zeros((k, k), dtype=np.int64)
    for i, j, x, y in _pairs(table):
        count[i, j] = count[j, i] = len(x)
        covariance[i, j] = covariance[j, i] = _covariance(x, y)
        found = coefficient(x, y, method)
        r[i, j] = r[j, i] = found
        low[i, j], high[i, j] = fisher_interval(found, len(x), level, method)
        low[j, i], high[j, i] = low[i, j], high[i, j]
        p[i, j] = p[j, i] = _p_value(found, len(x))
    for i in range(k):
        x = table[np.isfinite(table[:, i]), i]
        count[i, i] = len(x)
        covariance[i, i] = _covariance(x, x)
        if len(x) > 1 and varies(x):
            r[i, i] = low[i, i] = high[i, i] = 1.0
    return Correlations(r, low, high, count, p, covariance, method, level)


def coefficient(x: npt.ArrayLike, y: npt.ArrayLike, method: Method = "pearson") -> float:
    """Pearson's r, or of the ranks (ties share their mean rank). NaN below 3 pairs or where one
    does not vary."""
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(a) < 3 or not (varies(a) and varies(b)):
        return math.nan
    if method == "spearman":
        a, b = stats.rankdata(a), stats.rankdata(b)
    a, b = a - a.mean(), b - b.mean()
    a, b = a / np.abs(a).max(), b / np.abs(b).max()
    return float(np.clip(a @ b / math.sqrt(float(a @ a) * float(b @ b)), -1.0, 1.0))


def fisher_interval(
    r: float, n: int, level: float = 0.95, method: Method = "pearson"
) -> tuple[float, float]:
    if math.isnan(r) or n < 4:
        return math.nan, math.nan
    if abs(r) == 1.0:
        return r, r
    variance = (1 + r**2 / 2 if method == "spearman" else 1.0) / (n - 3)
    reach = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(variance)
    centre = math.atanh(r)
    return math.tanh(centre - reach), math.tanh(centre + reach)


def varies(values: npt.ArrayLike) -> bool:
    """Beyond the rounding of floats."""
    array = np.asarray(values, dtype=float)
    if len(array) == 0:
        return False
    return bool(np.ptp(array) > 1e-12 * max(float(np.abs(array).max()), 1e-300))


def _pairs(table: Floats) -> Iterator[tuple[int, int, Floats, Floats]]:
    finite = np.isfinite(table)
    for i, j in combinations(range(table.shape[1]), 2):
        both = finite[:, i] & finite[:, j]
        yield i, j, table[both, i], table[both, j]


def _covariance(x: Floats, y: Floats) -> float:
    if len(x) < 2:
        return math.nan
    return float((x - x.mean()) @ (y - y.mean()) / (len(x) - 1))


def _p_value(r: float, n: int) -> float:
    if math.isnan(r):
        return math.nan
    if abs(r) == 1.0:
        return 0.0
    t = abs(r) * math.sqrt((n - 2) / (1 - r**2))
    return float(2 * stats.t.sf(t, n - 2))
