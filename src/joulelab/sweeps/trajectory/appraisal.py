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
# Share of all money spent so far that one decision may cost: nobody knows enough yet for more.
DEAREST = 0.25
# Of the reference loss: an improvement by less is none. Without it cheap runs are refined for ever, by
# less than anybody could measure.
WORTHWHILE = 0.01


@dataclass(frozen=True)
class Mood:
    """How one decision sees the trade-off: `kappa` widens the predicted sd, `alpha` is the exponent
    of cost (1 gain per cost, 0 cost does not matter)."""

    warp: str
    kappa: float
    alpha: float


# Taken in turn, so that no single scale, optimism or thrift decides the whole search.
MOODS = (
    Mood("hypervolume", 1.0, 1.0),
    Mood("log", 1.0, 1.0),
    Mood("hypervolume", 2.0, 0.5),
    Mood("log", 2.0, 0.5),
)


@dataclass(frozen=True)
class Purse:
    """`start`: what a job costs before its first step; `overhead`: share of `spent` added to every
    price."""

    spent: float
    start: float
    overhead: float


class Appraisal:
    """Scores by one belief; every array (n, k) over n ways and k rungs, -inf where not on offer."""

    def __init__(self, belief: Belief, mood: Mood, purse: Purse) -> None:
        self._belief, self._mood, self._purse = belief, mood, purse

    def of_new(self, units: Floats) -> Floats:
        count = len(units)
        losses = self._belief.losses_at(units)
        behind = np.zeros(count, dtype=int)
        return self._scores(units, losses, behind, np.zeros(count), self._purse.start)

    def of_curves(self, curves: Sequence[Curve], start: float) -> Floats:
        """`start`: what it costs to take each up again, 0 for one that is running."""
        units = np.array([curve.unit for curve in curves])
        behind = np.array([self._belief.rungs.reached(curve.last_step) for curve in curves])
        paid = np.array([curve.paid for curve in curves])
        return self._scores(units, self._belief.losses_at(units), behind, paid, start)

    def of_news(self, curve: Curve) -> tuple[float, float]:
        """What the rest of a running curve, which the belief does not know, is worth, and what it
        would be worth had nothing been seen of it."""
        behind = np.array([self._belief.rungs.reached(curve.last_step)])
        units, paid = np.array([curve.unit]), np.array([curve.paid])
        before, after = self._belief.with_news(curve)
        now = self._scores(units, after, behind, paid, 0.0)
        expected = self._scores(units, before, behind, paid, 0.0)
        return float(now.max()), float(expected.max())

    def _scores(
        self,
        units: Floats,
        losses: tuple[Floats, Floats],
        behind: npt.NDArray[np.intp],
        paid: Floats,
        start: float,
    ) -> Floats:
        belief, mood, purse = self._belief, self._mood, self._purse
        mean, sd = losses
        log_cost, log_cost_sd = belief.log_costs_at(units)
        log_cost = np.maximum(log_cost, np.log10(np.maximum(paid, 1e-300))[:, None])
        rungs = np.arange(len(belief.rungs))
        past = rungs < behind[:, None]
        gain = expected_gain(
            np.maximum(belief.best - WORTHWHILE * belief.problem.reference, 0.0),
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
        # Where everything costs more, as after the first run of all, the cheapest is allowed.
        least = price[~past].min() if not past.all() else 0.0
        too_dear = price > max(DEAREST * purse.spent, least)
        return np.where(past | too_dear, -np.inf, scores)
