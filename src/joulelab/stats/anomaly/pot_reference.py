"""The threshold that OmniAnomaly's released code takes for POT, faults included.

For comparison with published figures only (docs/anomaly_metrics.md tells the faults): the exponential's
likelihood has the wrong sign, so it wins wherever excesses are not small; other tails are sought in an
interval that may miss their maximum; and from the first test score above the initial threshold on, that
threshold is used, while the figure reported is the mean over the test steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.stats.anomaly.tail import Tail
from joulelab.stats.anomaly.truth import Floats

_EDGE = 1e-8


@dataclass(frozen=True)
class Reference:
    """`threshold` is the mean over test steps; `first_exceedance` None where no score reaches there."""

    tail: Tail
    quantile: float
    first_exceedance: int | None
    threshold: float


def reference_threshold(
    train_scores: npt.ArrayLike, test_scores: npt.ArrayLike, risk: float = 1e-3, level: float = 0.01
) -> Reference:
    """Larger scores are more anomalous; the released code's are these negated."""
    ordered = np.sort(np.asarray(train_scores, np.float64).ravel())
    initial = float(ordered[int((1 - level) * len(ordered))])
    excesses = ordered[ordered > initial] - initial
    shape, scale = _fit(excesses)
    tail = Tail(initial, shape, scale, len(excesses), len(ordered))
    quantile = tail.quantile(risk)
    test = np.asarray(test_scores, np.float64).ravel()
    above = np.flatnonzero(test > initial)
    first = int(above[0]) if len(above) else None
    before = len(test) if first is None else first
    mean = (before * quantile + (len(test) - before) * initial) / len(test)
    return Reference(tail, quantile, first, mean)


def _fit(excesses: Floats) -> tuple[float, float]:
    """The tail that the released code finds likeliest."""
    n, mean = len(excesses), float(excesses.mean())
    best = (0.0, mean)
    best_likelihood = n * (1 + math.log(mean))
    least, largest = float(excesses.min()), float(excesses.max())
    edge = min(_EDGE, 1 / largest / 10)
    intervals = (
        (-1 / largest + edge, -edge),
        (2 * (mean - least) / (mean * least), 2 * (mean - least) / least**2),
    )
    for low, high in intervals:
        for theta in _roots(excesses, low, high):
            shape = float(np.log1p(theta * excesses).mean())
            scale = shape / theta
            likelihood = -n * (math.log(scale) + 1 + shape)
            if likelihood > best_likelihood:
                best, best_likelihood = (shape, scale), likelihood
    return best


def _roots(excesses: Floats, low: float, high: float) -> list[float]:
    """Where (1 + mean log(1 + theta y)) mean(1 / (1 + theta y)) is 1."""
    from scipy.optimize import brentq

    def excess(theta: float) -> float:
        terms = 1 + theta * excesses
        return float((1 + np.log(terms).mean()) * (1 / terms).mean() - 1)

    grid = np.linspace(low, high, 50)
    values = [excess(theta) for theta in grid]
    return [
        float(brentq(excess, grid[place], grid[place + 1]))
        for place in range(len(grid) - 1)
        if values[place] * values[place + 1] < 0
    ]
