"""Which points of the curves a sampler is told of as finished trials."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from joulelab.stats.front import non_dominated
from joulelab.sweeps.history import History, Objective, Trial
from joulelab.sweeps.trajectory.rungs import Rungs

Telling = Literal["nothing", "last", "rungs"]
"""Of each run: nothing, its last point, or also every other rung below it (2, 5, 13, 34 of 52)."""
EVERY = 2


class Told(NamedTuple):
    """`values`: losses, the cost perhaps as its logarithm."""

    trial: Trial
    step: int
    values: tuple[float, ...]


def told(
    history: History, rungs: Rungs, telling: Telling, most: int, log_cost: bool = False
) -> list[Told]:
    """By trial and step, at most `most`: what is on the front, then last points, the newest first.

    Where constraints are known of any trial, points of trials of which they are not (yet) are left
    out: samplers want them of all.
    """
    if telling == "nothing":
        return []
    constrained = any(judged(trial) for trial in history.trials.values())
    points, lasts = [], []
    for number in sorted(history.trials):
        trial = history.trials[number]
        if constrained and not judged(trial):
            continue
        usable = list(_usable(trial, history.objectives, log_cost))
        chosen = usable[-1:] if telling == "last" else _at_rungs(usable, rungs)
        points += chosen
        lasts += [each is chosen[-1] for each in chosen]
    if len(points) <= most:
        return points
    losses = [each.values for each in points]
    on_front = non_dominated(losses, ["min"] * len(history.objectives)).members
    # The last key sorts first; stable, so that the newest of equals come last.
    worth = np.lexsort((np.arange(len(points)), np.array(lasts), on_front))[-most:]
    return [points[index] for index in sorted(worth)]


def judged(trial: Trial) -> bool:
    """Whether it is known if the constraints hold."""
    return trial.violation is not None and not math.isnan(trial.violation)


def _usable(trial: Trial, objectives: Sequence[Objective], log_cost: bool) -> Iterator[Told]:
    for point in trial.points:
        values = tuple(
            _log_of(loss) if objective.cost and log_cost else loss
            for loss, objective in zip(point.losses, objectives, strict=True)
        )
        if all(math.isfinite(value) for value in values):
            yield Told(trial, point.step, values)


def _log_of(cost: float) -> float:
    return math.log10(cost) if cost > 0 else math.nan


def _at_rungs(usable: list[Told], rungs: Rungs) -> list[Told]:
    nearest = {int(np.searchsorted(rungs.steps, each.step)): each for each in usable}
    order = sorted(nearest)
    return [nearest[rung] for rung in order if rung % EVERY == 1 or rung == order[-1]]
