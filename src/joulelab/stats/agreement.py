"""Do two instruments agree over many runs: the line through their readings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from joulelab.stats.correlation import varies

Floats = npt.NDArray[np.float64]
Number = Floats | float
Method = Literal["least squares", "Deming", "York"]


@dataclass(frozen=True)
class Fit:
    """y = `offset` + `slope` x over `n` runs, with standard uncertainties; `residual_sd` of y. NaN
    where 3 runs or a spread of x are missing. `method` says which errors it allows for."""

    slope: float
    u_slope: float
    offset: float
    u_offset: float
    residual_sd: float
    n: int
    method: Method


def least_squares(x: npt.ArrayLike, y: npt.ArrayLike) -> Fit:
    """Ordinary least squares of y on x: all error in y. Error in x bends the slope towards 0."""
    a, b = pairs(x, y)
    n = len(a)
    if n < 3 or not varies(a):
        return _unknown(n, "least squares")
    dx, dy = a - a.mean(), b - b.mean()
    sxx = float(dx @ dx)
    slope = float(dx @ dy) / sxx
    residuals = dy - slope * dx
    sd = math.sqrt(float(residuals @ residuals) / (n - 2))
    u_offset = sd * math.sqrt(1 / n + float(a.mean()) ** 2 / sxx)
    offset = float(b.mean() - slope * a.mean())
    return Fit(slope, sd / math.sqrt(sxx), offset, u_offset, sd, n, "least squares")


def deming(x: npt.ArrayLike, y: npt.ArrayLike, error_ratio: float = 1.0) -> Fit:
    """Errors in both, of constant size: `error_ratio` = (sd of y's error / sd of x's error)². Slope
    = (s_yy - d s_xx + sqrt((s_yy - d s_xx)² + 4 d s_xy²)) / (2 s_xy) (Deming, Statistical
    Adjustment of Data, 1943); standard uncertainties by the jackknife (Linnet, Clin. Chem. 39,
    1993). ValueError for a ratio that is not positive."""
    if not error_ratio > 0:
        raise ValueError("the ratio of two error variances is positive")
    a, b = pairs(x, y)
    n = len(a)
    if n < 3 or not (varies(a) and varies(b)):
        return _unknown(n, "Deming")
    slope, offset = _deming(*_moments(a, b), error_ratio)
    residuals = b - offset - slope * a
    sd = math.sqrt(float(residuals @ residuals) / (n - 2))
    # Sums without one run each, from the sums over all.
    dx, dy, share = a - a.mean(), b - b.mean(), n / (n - 1)
    without = (
        a.mean() - dx / (n - 1),
        b.mean() - dy / (n - 1),
        float(dx @ dx) - share * dx**2,
        float(dy @ dy) - share * dy**2,
        float(dx @ dy) - share * dx * dy,
    )
    slopes, offsets = _deming(*without, error_ratio)
    u_slope, u_offset = (
        math.sqrt((n - 1) / n * float(np.sum((each - each.mean()) ** 2)))
        for each in (slopes, offsets)
    )
    return Fit(float(slope), u_slope, float(offset), u_offset, sd, n, "Deming")


def york(x: npt.ArrayLike, y: npt.ArrayLike, u_x: npt.ArrayLike, u_y: npt.ArrayLike) -> Fit:
    """Errors in both, each run with its own standard uncertainties u_x, u_y > 0, independent: the
    iteration of York, Evensen, Martinez and De Basabe Delgado (Am. J. Phys. 72, 2004), whose
    uncertainties come from u_x and u_y alone: they are too small where the runs scatter by more.
    Runs with an unknown uncertainty are left out."""
    a, b, p, q = (np.asarray(each, dtype=float) for each in (x, y, u_x, u_y))
    p, q = np.broadcast_to(p, a.shape), np.broadcast_to(q, a.shape)
    keep = np.isfinite(a) & np.isfinite(b) & np.isfinite(p) & np.isfinite(q) & (p > 0) & (q > 0)
    a, b, weight_x, weight_y = a[keep], b[keep], p[keep] ** -2.0, q[keep] ** -2.0
    n = len(a)
    start = least_squares(a, b)
    if math.isnan(start.slope):
        return _unknown(n, "York")
    slope = start.slope
    for _ in range(200):
        weight = weight_x * weight_y / (weight_x + slope**2 * weight_y)
        mean_x, mean_y = (float(weight @ each) / float(weight.sum()) for each in (a, b))
        u, v = a - mean_x, b - mean_y
        beta = weight * (u / weight_y + slope * v / weight_x)
        new = float((weight * beta) @ v) / float((weight * beta) @ u)
        done = abs(new - slope) <= 1e-13 * abs(new)
        slope = new
        if done:
            break
    adjusted = mean_x + beta
    centre = float(weight @ adjusted) / float(weight.sum())
    variance = 1 / float(weight @ (adjusted - centre) ** 2)
    residuals = b - mean_y - slope * (a - mean_x)
    return Fit(
        slope, math.sqrt(variance), mean_y - slope * mean_x,
        math.sqrt(1 / float(weight.sum()) + centre**2 * variance),
        math.sqrt(float(residuals @ residuals) / (n - 2)), n, "York",
    )  # fmt: skip


def _deming(
    mean_x: Number, mean_y: Number, sxx: Number, syy: Number, sxy: Number, ratio: float
) -> tuple[Floats, Floats]:
    gap = syy - ratio * sxx
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (gap + np.sqrt(gap**2 + 4 * ratio * sxy**2)) / (2 * sxy)
    return np.asarray(slope), np.asarray(mean_y - slope * mean_x)


def _moments(a: Floats, b: Floats) -> tuple[float, float, float, float, float]:
    dx, dy = a - a.mean(), b - b.mean()
    return float(a.mean()), float(b.mean()), float(dx @ dx), float(dy @ dy), float(dx @ dy)


def pairs(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The rows where both are finite. ValueError for shapes that differ."""
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"{a.shape} and {b.shape} values are no pairs")
    keep = np.isfinite(a) & np.isfinite(b)
    return a[keep], b[keep]


def _unknown(n: int, method: Method) -> Fit:
    nan = math.nan
    return Fit(nan, nan, nan, nan, nan, n, method)
