"""What every way to go on is worth: a score for each configuration and rung."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.trajectory.belief import Belief
from joulelab.sweeps.trajectory.curves import Curve
from joulelab.sweeps.trajectory.gain import expected_gain, score

Floats = npt.NDArray[np.float64]
# A next step never looks nearly free: what is predicted of it is not that exact.
LEAST_SHARE_OF_COST = 0.02


@dataclass(frozen=True)
class Mood:
    """How one decision sees the trade-off: `kappa` widens the predicted sd, `alpha` is the exponent
    of cost (1 gain per cost, 0 cost does not matter)."""

    warp: str
    kappa: float
    alpha: float


# Taken in turn, so that no single scale, optimism or thrift decides the whole search. One does not
# look at cost at all: gain per cost alone stays with short runs where only long ones tell much.
MOODS = (
    Mood("hypervolume", 1.0, 1.0),
    Mood("log", 1.0, 0.5),
    Mood("hypervolume", 2.0, 0.5),
    Mood("log", 1.0, 0.0),
)


@dataclass(frozen=True)
class Purse:
    """`start`: what a job costs before its first step; `overhead`: share of `spent` added to every
    price; `least_rung`: no rung below it is on offer."""

    spent: float
    start: float
    overhead: float
    least_rung: int = 0


class Appraisal:
    """Scores by one belief; every array (n, k) over n ways and k rungs, -inf where not on offer."""

    def __init__(self, belief: Belief, mood: Mood, purse: Purse) -> None:
        self._belief, self._mood, self._purse = belief, mood, purse

    def of_new(self, units: Floats) -> Floats:
        count = len(units)
        return self._scores(units, np.zeros(count, dtype=int), np.zeros(count), self._purse.start)

    def of_curves(self, curves: Sequence[Curve], start: float) -> Floats:
        """`start`: what it costs to take each up again, 0 for one that is running."""
        units = np.array([curve.unit for curve in curves])
        behind = np.array([self._belief.rungs.reached(curve.last_step) for curve in curves])
        return self._scores(units, behind, np.array([curve.paid for curve in curves]), start)

    def _scores(
        self, units: Floats, behind: npt.NDArray[np.intp], paid: Floats, start: float
    ) -> Floats:
        belief, mood, purse = self._belief, self._mood, self._purse
        mean, sd = belief.losses_at(units)
        log_cost, log_cost_sd = belief.log_costs_at(units)
        log_cost = np.maximum(log_cost, np.log10(np.maximum(paid, 1e-300))[:, None])
        rungs = np.arange(len(belief.rungs))
        past = rungs < behind[:, None]
        gain = expected_gain(
            belief.best,
            belief.grid,
            belief.warp,
            mean,
            mood.kappa * sd,
            log_cost,
            log_cost_sd,
            past,
        )
        gain *= belief.likely_feasible(units)[:, None]
        total = 10**log_cost
        price = np.maximum(total - paid[:, None], LEAST_SHARE_OF_COST * total) + start
        scores = score(gain, price, purse.spent, purse.overhead, mood.alpha)
        return np.where(past | (rungs < purse.least_rung), -np.inf, scores)
