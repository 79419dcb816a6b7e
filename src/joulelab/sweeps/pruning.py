"""Stops runs whose curve will not reach the front, for any sampler and any number of objectives.

A run that has reached a looked-at step s is given the futures of finished runs in turn: what each of
them gained in every loss from s on is added to this run's losses, and its cost is taken to grow by
the same factor as theirs. h of n futures hold a point that the front does not dominate. Were this
run one more of theirs, drawn blindly, the chance that its own future holds one is (h + 1) / (n + 1)
(the conformal p-value of Vovk, Gammerman and Shafer, 2005); it is stopped where that is at most
`risk`. So fewer than 1 / risk - 1 futures stop nothing.

That chance is of one look, and there are three. It is not exact: curves are no blind draws once a
sampler chooses them, which is why the nearest in loss are taken and why a share of the runs, drawn
by seed and number, is never stopped: they go on supplying whole curves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from joulelab.errors import ConfigError
from joulelab.sweeps.history import History, Point, Proposal, Strategy, Trial, Verdict

Floats = npt.NDArray[np.float64]
LOOKS = (0.125, 0.25, 0.5)
"""Shares of its planned steps at which a run is judged."""


class StopsDominated:
    """Another strategy that also stops runs by the rule above; `kept` is the share that never is.

    ConfigError for a risk or a share that is no probability.
    """

    def __init__(
        self, strategy: Strategy, *, risk: float = 0.1, kept: float = 0.1, seed: int = 0
    ) -> None:
        for key, value in (("risk", risk), ("kept", kept)):
            if not 0 <= value <= 1:
                raise ConfigError(f"{value} is not between 0 and 1", where=f"sweep.stop.{key}")
        self._strategy, self._risk, self._kept, self._seed = strategy, risk, kept, seed

    def propose(self, history: History) -> Proposal:
        return self._strategy.propose(history)

    def assess(self, history: History, number: int) -> Verdict:
        verdict = self._strategy.assess(history, number)
        if verdict.decision != "go on" or not self.judged(history.trials[number]):
            return verdict
        if np.random.default_rng([self._seed, number]).random() < self._kept:
            return verdict
        return Verdict("stop") if chance(history, number, self._risk) <= self._risk else verdict

    def judged(self, trial: Trial) -> bool:
        """Whether the last point is the first one at or beyond a look."""
        if len(trial.points) < 1 or trial.points[-1].step >= trial.planned_steps:
            return False
        before = trial.points[-2].step if len(trial.points) > 1 else 0
        looks = [math.ceil(share * trial.planned_steps) for share in LOOKS]
        return any(before < look <= trial.points[-1].step for look in looks)


def chance(history: History, number: int, risk: float) -> float:
    """Of the rest of this run reaching the front; 1 where too little is known for `risk`."""
    trial = history.trials[number]
    now = trial.points[-1]
    others = _futures(history, trial, now)
    if risk <= 0 or (1 / (len(others) + 1)) > risk or not np.isfinite(now.losses).all():
        return 1.0
    cost = [each.cost for each in history.objectives]
    others = _nearest(others, now, cost, count=2 * math.ceil(1 / risk))
    front = _front(history)
    hits = sum(_reaches(now, future, cost, front, history.reference) for future in others)
    return (hits + 1) / (len(others) + 1)


def _futures(history: History, trial: Trial, now: Point) -> list[list[Point]]:
    """Of every ended run that went as far as this one is to go: its point at this step, then what
    followed up to there."""
    found = []
    for other in history.trials.values():
        points = [point for point in other.points if np.isfinite(point.losses).all()]
        if other.number == trial.number or not points or other.state == "failed":
            continue
        if points[-1].step < trial.planned_steps or other.state == "running":
            continue
        before = [point for point in points if point.step <= now.step]
        after = [point for point in points if now.step < point.step <= trial.planned_steps]
        if before and after:
            found.append([before[-1], *after])
    return found


def _nearest(
    futures: list[list[Point]], now: Point, cost: Sequence[bool], count: int
) -> list[list[Point]]:
    losses = np.array([future[0].losses for future in futures], dtype=float)
    quality = ~np.array(cost)
    if not quality.any() or len(futures) <= count:
        return futures
    spread = losses.std(axis=0)
    gaps = (losses - np.array(now.losses)) / np.where(spread > 0, spread, 1.0)
    distance = np.linalg.norm(gaps[:, quality], axis=1)
    return [futures[index] for index in np.argsort(distance, kind="stable")[:count]]


def _reaches(
    now: Point,
    future: list[Point],
    cost: Sequence[bool],
    front: Floats,
    reference: tuple[float, ...] | None,
) -> bool:
    """Whether a point of this run's future, as the other's was, is not dominated."""
    start, rest = np.array(future[0].losses), np.array([point.losses for point in future[1:]])
    here = np.array(now.losses)
    growth = rest / np.where(start > 0, start, np.nan)
    # Without a cost to speak of there is no factor: it then grows by what the other's grew by.
    costs = np.where(np.isfinite(growth), here * growth, here + rest - start)
    points = np.where(np.array(cost), costs, here + rest - start)
    if reference is not None:
        points = points[(points < np.array(reference)).all(axis=1)]
    as_good = np.all(front[None] <= points[:, None], axis=2)
    dominated = np.any(as_good, axis=1)
    return not dominated.all()


def _front(history: History) -> Floats:
    """(n, k) losses of all points; which of them are the front does not matter here."""
    rows = [point.losses for trial in history.trials.values() for point in trial.points]
    losses = np.array(rows, dtype=float).reshape(-1, len(history.objectives))
    finite: Floats = losses[np.isfinite(losses).all(axis=1)]
    return finite
