"""Ratios of two uncertain numbers, with an interval that says when nothing is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True)
class Quotient:
    """`value` and the interval that holds it with probability `level`. Where the denominator may be
    zero the interval is not bounded: `low` is -inf or `high` is inf, or both."""

    value: float
    u: float
    low: float
    high: float
    level: float = 0.95

    @property
    def bounded(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)


UNKNOWN = Quotient(math.nan, math.nan, -math.inf, math.inf)


def quotient(
    a: float,
    u_a: float,
    b: float,
    u_b: float,
    covariance: float = 0.0,
    level: float = 0.95,
    degrees_of_freedom: float = math.inf,
) -> Quotient:
    """a / b by Fieller's theorem (J. R. Stat. Soc. B 16, 1954): all q with
    (a - q b)² <= t² (u_a² - 2 q cov + q² u_b²), which keeps its level even where b is hardly known,
    as first-order propagation does not. `u` is first order (JCGM 100:2008, 5.2.2), for display.

    Where b cannot be told from zero the set of q is a line, or a line without a gap: then (-inf,
    inf). NaN in any argument, or b of exactly zero: unknown.
    """
    if any(math.isnan(each) for each in (a, u_a, b, u_b, covariance)) or b == 0:
        return UNKNOWN
    value = a / b
    variance = u_a**2 - 2 * value * covariance + value**2 * u_b**2
    u = math.sqrt(max(variance, 0.0)) / abs(b)
    t2 = float(stats.t.ppf((1 + level) / 2, degrees_of_freedom)) ** 2
    # (b² - t² u_b²) q² - 2 (a b - t² cov) q + (a² - t² u_a²) <= 0
    lead = b**2 - t2 * u_b**2
    if lead <= 0:
        return Quotient(value, u, -math.inf, math.inf, level)
    half = a * b - t2 * covariance
    root = math.sqrt(max(half**2 - lead * (a**2 - t2 * u_a**2), 0.0))
    return Quotient(value, u, (half - root) / lead, (half + root) / lead, level)
