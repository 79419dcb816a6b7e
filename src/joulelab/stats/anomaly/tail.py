"""The generalised Pareto tail of a sample: fitted by maximum likelihood, and its quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from joulelab.stats.anomaly.truth import Floats

_GRID = np.logspace(-4, 6, 61)
_NEAR = np.array([0.5, 0.8, 1.0, 1.25, 2.0])
_LEAST_SHAPE = -1.0


@dataclass(frozen=True)
class Tail:
    """Excesses over `threshold` follow P(Y > y) = (1 + shape y / scale)^(-1/shape), an exponential at
    shape 0; `peaks` of `samples` lie above it."""

    threshold: float
    shape: float
    scale: float
    peaks: int
    samples: int

    def quantile(self, risk: float) -> float:
        """The value that a sample exceeds with probability `risk`."""
        ratio = self.samples * risk / self.peaks
        if self.shape == 0:
            return self.threshold - self.scale * math.log(ratio)
        return float(self.threshold + self.scale / self.shape * (ratio**-self.shape - 1))


def fit(excesses: Floats, around: float | None = None) -> tuple[float, float]:
    """Shape and scale of (n,) positive excesses; the exponential where nothing is likelier.

    Along theta = shape / scale the likelihood is that of one variable, shape being the mean of
    log(1 + theta y) (Grimshaw, Technometrics 35(2), 1993). It grows without bound below shape -1, so
    the fit is the highest of its local maxima above that, sought on a grid and refined, or near the
    theta of an earlier fit (`around`).
    """
    scale = float(excesses.mean())
    unit = excesses / scale
    theta = None
    if around is not None:
        theta = _likeliest(unit, np.sort(around * scale * _NEAR))
    if theta is None:
        # Below zero theta ends where the largest excess has probability 0.
        below = -(1 - np.logspace(-6, -0.01, 30)) / unit.max()
        theta = _likeliest(unit, np.concatenate([below, _GRID]))
    if theta is None:
        return 0.0, scale
    shape = float(np.log1p(theta * unit).mean())
    return shape, shape / theta * scale


def _likeliest(unit: Floats, grid: Floats) -> float | None:
    """The best of the local maxima inside the ascending grid that beat the exponential."""
    costs = [_cost(unit, theta) for theta in grid]
    best, least = None, 0.0
    for place in range(1, len(grid) - 1):
        if costs[place] <= min(costs[place - 1], costs[place + 1]) and np.isfinite(costs[place]):
            theta = _refined(unit, grid[place - 1], grid[place + 1])
            if (cost := _cost(unit, theta)) < least:
                best, least = theta, cost
    return best


def _cost(unit: Floats, theta: float) -> float:
    """The likelihood's logarithm, divided by -n, less that of the exponential."""
    if 1 + theta * unit.max() <= 0:
        return math.inf
    if abs(theta) < 1e-9:
        return 0.0
    shape = float(np.log1p(theta * unit).mean())
    return math.log(shape / theta) + shape if shape >= _LEAST_SHAPE else math.inf


def _refined(unit: Floats, low: float, high: float) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda theta: _cost(unit, theta),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-10 * abs(high)},
    )
    return float(found.x)
