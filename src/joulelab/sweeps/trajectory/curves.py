"""Runs as the models see them: each with its values at the rungs it has behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.history import History, Point, State
from joulelab.sweeps.trajectory.problem import Problem, usable
from joulelab.sweeps.trajectory.rungs import Rungs

Floats = npt.NDArray[np.float64]
# Rungs of a run that the models are conditioned on, beside its last: every other one, as its
# neighbours say nearly the same. The first only of few runs: on many tasks it is the same for all.
EVERY = 2
RUNS_WITH_FIRST_RUNG = 12


@dataclass(frozen=True)
class Curve:
    """`points` are those nearest below each rung, (r,) arrays, the last point always among them;
    `planned` the step it was sent to, its last one unless it is running."""

    number: int
    unit: tuple[float, ...]
    steps: Floats
    costs: Floats
    losses: Floats
    paid: float
    state: State
    planned: int
    feasible: bool

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last_step(self) -> int:
        return int(self.steps[-1]) if len(self) else 0

    def conditioned(self) -> npt.NDArray[np.bool_]:
        """(r,) which of the points the models are given."""
        index = np.arange(len(self))
        chosen: npt.NDArray[np.bool_] = index % EVERY == 1
        if self.number < RUNS_WITH_FIRST_RUNG:
            chosen |= index == 0
        if len(self):
            chosen[-1] = True
        return chosen


def at_rungs(points: Sequence[Point], rungs: Rungs) -> list[Point]:
    """The last point at or before each rung and after the one before; the last point of all."""
    nearest: dict[int, Point] = {}
    for point in points:
        nearest[int(np.searchsorted(rungs.steps, point.step, side="left"))] = point
    return [nearest[key] for key in sorted(nearest)]


def curves_of(history: History, problem: Problem, rungs: Rungs) -> list[Curve]:
    """By number, runs without a usable point included."""
    return [_curve(history, number, problem, rungs) for number in sorted(history.trials)]


def _curve(history: History, number: int, problem: Problem, rungs: Rungs) -> Curve:
    trial = history.trials[number]
    points = at_rungs(usable(trial, problem.columns), rungs)
    last = points[-1].step if points else 0
    running = trial.state == "running"
    return Curve(
        number,
        trial.unit,
        np.array([point.step for point in points], dtype=float),
        np.array([point.cost for point in points], dtype=float),
        problem.of(points) if points else np.zeros(0),
        points[-1].cost if points else 0.0,
        trial.state,
        max(trial.planned_steps, rungs.steps[0], last) if running else last,
        trial.state != "failed" and not (trial.violation is not None and trial.violation > 0),
    )


def start_cost(history: History) -> float:
    """What a new or resumed run costs before its first step: the median of what is known."""
    known = [trial.start_cost for trial in history.trials.values()]
    return float(np.median(known)) if known else 0.0


def spent_on_long(curves: Sequence[Curve], rungs: Rungs) -> float:
    """Money in runs of at least half the steps, and what running ones were sent to."""
    half = rungs.steps[rungs.half_way]
    return sum(curve.paid for curve in curves if max(curve.last_step, curve.planned) >= half)


def by_number(curves: Sequence[Curve]) -> Mapping[int, Curve]:
    return {curve.number: curve for curve in curves}
