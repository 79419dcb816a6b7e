"""Runs as the models see them: each with its values at the rungs it has behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.history import History, Point, State, Trial
from joulelab.sweeps.trajectory.problem import Problem, usable
from joulelab.sweeps.trajectory.rungs import Rungs

Floats = npt.NDArray[np.float64]


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

    @property
    def foreseen(self) -> float:
        """What it will have cost where it was sent to, at its own cost per step so far."""
        return self.paid * max(self.planned, self.last_step) / self.last_step if len(self) else 0.0


def at_rungs(points: Sequence[Point], rungs: Rungs) -> list[Point]:
    """The last point at or before each rung and after the one before; the last point of all."""
    nearest: dict[int, Point] = {}
    for point in points:
        nearest[int(np.searchsorted(rungs.steps, point.step, side="left"))] = point
    return [nearest[key] for key in sorted(nearest)]


Known = dict[int, tuple[Trial, bytes, Curve]]


def curves_of(
    history: History, problem: Problem, rungs: Rungs, known: Known | None = None
) -> list[Curve]:
    """By number, runs without a usable point included. `known` remembers those that stay the same."""
    known = {} if known is None else known
    axes = b"".join(each.tobytes() for each in (problem.ideal, problem.nadir, problem.weights))
    curves = []
    for number, trial in sorted(history.trials.items()):
        before = known.get(number)
        if before is None or before[0] is not trial or before[1] != axes:
            before = known[number] = (trial, axes, _curve(trial, problem, rungs))
        curves.append(before[2])
    return curves


def _curve(trial: Trial, problem: Problem, rungs: Rungs) -> Curve:
    points = at_rungs(usable(trial, problem.columns), rungs)
    last = points[-1].step if points else 0
    running = trial.state == "running"
    return Curve(
        trial.number,
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


def by_number(curves: Sequence[Curve]) -> Mapping[int, Curve]:
    return {curve.number: curve for curve in curves}
