"""What a predicted curve is expected to add to the front, and what that is worth per cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.trajectory.precision import narrowed
from joulelab.sweeps.trajectory.warps import Warp

Floats = npt.NDArray[np.float64]
GRID_POINTS = 32
# Two scenarios, cheap and dear, stand for the Gaussian on log10 cost: both get half the weight.
COST_SCENARIOS = (-0.8, 0.8)
WIDEST_COST_SD = 0.4  # decades


def cost_grid(lowest: float, highest: float) -> Floats:
    """(32,) log10 costs, even, from half the lowest cost seen to the highest that matters."""
    top = np.log10(highest)
    return np.linspace(min(np.log10(lowest) - 0.3, top - 0.3), top, GRID_POINTS)


def front_on_grid(grid: Floats, log_costs: Floats, losses: Floats, reference: float) -> Floats:
    """(32,) b(g): the lowest loss at cost <= g, the reference where there is none."""
    order = np.argsort(log_costs, kind="stable")
    lowest = np.minimum.accumulate(np.append(reference, losses[order]))
    best: Floats = lowest[np.searchsorted(log_costs[order], grid, side="right")]
    return best


def owners_on_grid(
    grid: Floats, log_costs: Floats, losses: Floats, reference: float
) -> npt.NDArray[np.intp]:
    """Indices of the points that give b(g) somewhere on the grid."""
    best = front_on_grid(grid, log_costs, losses, reference)
    first = np.searchsorted(grid, log_costs, side="left")
    inside = first < len(grid)
    owns = np.zeros(len(losses), dtype=bool)
    owns[inside] = (losses[inside] <= best[first[inside]]) & (losses[inside] < reference)
    return np.flatnonzero(owns)


def expected_gain(
    best: Floats,  # (32,) b(g)
    grid: Floats,  # (32,) log10 cost
    warp: Warp,
    mean: Floats,  # (n, k) warped loss at each rung
    sd: Floats,  # (n, k)
    log_cost: Floats,  # (n, k) log10 of the cost up to each rung, not falling along k
    log_cost_sd: Floats,  # (n, k)
    behind: npt.NDArray[np.bool_],  # (n, k) rungs that are no news
) -> Floats:
    """(n, k) G_k: mean over g of the largest E[max(b(g) - E_k', 0)] of all rungs k' <= k whose
    cost is at most g, the mean of two cost scenarios. In units of the loss; times the width of the
    grid it is (a lower bound of) the expected growth of the hypervolume over log10 cost."""
    # Most of a decision's time beside the variances; seven digits are plenty to choose by.
    narrow_best, narrow_mean, narrow_sd = (narrowed(array) for array in (best, mean, sd))
    spread = np.minimum(log_cost_sd, WIDEST_COST_SD)
    first = [np.searchsorted(grid, log_cost + shift * spread) for shift in COST_SCENARIOS]
    places = np.arange(len(grid))
    reached = [narrowed(np.zeros((len(mean), len(grid)))) for _ in COST_SCENARIOS]
    total = np.zeros_like(log_cost)
    for rung in range(mean.shape[1]):
        improvement = warp.improvement(
            narrow_best, narrow_mean[:, rung, None], narrow_sd[:, rung, None]
        )
        improvement[behind[:, rung]] = 0.0
        for held, start in zip(reached, first, strict=True):
            np.maximum(held, improvement * (places >= start[:, rung, None]), out=held)
            total[:, rung] += held.mean(axis=1) / len(COST_SCENARIOS)
    return total


def score(gain: Floats, price: Floats, spent: float, overhead: float, alpha: float) -> Floats:
    """(n, k) G / (price + overhead * spent)^alpha. The overhead ends endless tiny runs: with it the
    number of decisions grows as the logarithm of the money, whatever the budget."""
    rated: Floats = gain / np.maximum(price + overhead * spent, 1e-300) ** alpha
    return rated
