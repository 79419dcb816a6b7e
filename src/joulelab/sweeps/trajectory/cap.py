"""Which runs the models are given when there are too many: a decision takes rows^2 per candidate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from joulelab.sweeps.trajectory.curves import Curve
from joulelab.sweeps.trajectory.problem import Problem

MOST_ROWS = 256
# The rest goes to runs drawn evenly from the others: a model that is only shown what went well
# expects everything to go well.
NEAR_FRONT_SHARE = 0.75


def within_cap(
    curves: Sequence[Curve], problem: Problem, most_rows: int = MOST_ROWS
) -> list[Curve]:
    """In the order given: all that run, then those that came nearest to the front of raw values
    (the smallest ratio of a loss to the best at that cost), then others, evenly by number."""
    rows = np.array([len(curve) for curve in curves])
    if rows.sum() <= most_rows:
        return list(curves)
    running = np.array([curve.state == "running" for curve in curves])
    distance = np.where(running, -np.inf, _distances(curves, problem))
    order = np.argsort(distance, kind="stable")
    near = np.cumsum(rows[order]) <= NEAR_FRONT_SHARE * most_rows
    near |= running[order]
    others = np.sort(order[~near])
    left = most_rows - rows[order[near]].sum()
    stride = max(1.0, rows[others].sum() / max(left, 1))
    evenly = others[:: math.ceil(stride)]
    evenly = evenly[np.cumsum(rows[evenly]) <= left]
    return [curves[i] for i in np.sort(np.concatenate([order[near], evenly]))]


def _distances(curves: Sequence[Curve], problem: Problem) -> np.ndarray:
    costs = np.concatenate([curve.costs for curve in curves])
    losses = np.concatenate([curve.losses for curve in curves])
    order = np.argsort(costs, kind="stable")
    best = np.minimum.accumulate(np.minimum(losses[order], problem.reference))
    tiny = 1e-6 * problem.reference

    def distance(curve: Curve) -> float:
        if not len(curve):
            return np.inf
        places = np.searchsorted(costs[order], curve.costs, side="right") - 1
        return float(((curve.losses + tiny) / (best[places] + tiny)).min())

    return np.array([distance(curve) for curve in curves])
