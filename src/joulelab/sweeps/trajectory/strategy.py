"""Whole curves, predicted: start, go on, pause, stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from joulelab.sweeps.history import History, Proposal, Verdict
from joulelab.sweeps.space import Space
from joulelab.sweeps.trajectory.appraisal import MOODS, Appraisal, Mood, Purse
from joulelab.sweeps.trajectory.belief import Belief
from joulelab.sweeps.trajectory.cap import within_cap
from joulelab.sweeps.trajectory.curves import Curve, Known, curves_of, start_cost
from joulelab.sweeps.trajectory.embedding import Embedding
from joulelab.sweeps.trajectory.fitting import Fitter
from joulelab.sweeps.trajectory.problem import (
    Problem,
    Reader,
    derive,
    loss_columns,
    weights_of,
)
from joulelab.sweeps.trajectory.rungs import Rungs
from joulelab.sweeps.trajectory.search import Way, best_rungs
from joulelab.sweeps.trajectory.start import configurations, starting
from joulelab.sweeps.trajectory.view import View
from joulelab.sweeps.trajectory.warps import HypervolumeWarp, LogWarp, Warp

WARPS: Mapping[str, Callable[[float], Warp]] = {"hypervolume": HypervolumeWarp, "log": LogWarp}
# The first rung at which a run is looked at again (the third): a curve of fewer points tells little.
FIRST_CHECK = 2
# Fewer than other samplers need: the models know how little they know, and ask for cheap runs first.
LEAST_START_RUNS = 6


@dataclass(frozen=True)
class Settings:
    """`overhead`: share of the money spent that is added to every price. `patience`: a run goes on
    while what is to come is worth this share of what it would be worth had nothing been seen of it.
    `resume`: paused runs compete with new ones; without it (no checkpoints) a pause is final."""

    overhead: float = 0.015
    patience: float = 0.5
    resume: bool = True


class Trajectory:
    """Runs where the front is expected to grow most per cost, by models of whole curves.

    `max_steps`: the longest run; `first_step`: where a run first reports (default max_steps / 52).
    With several losses each decision takes one augmented Chebyshev sum of them, with weights from a
    pool of eight random vectors (ParEGO, Knowles 2006). All that it knows follows from the history:
    a fresh object with the same seed decides the same.
    """

    def __init__(
        self,
        space: Space,
        max_steps: int,
        *,
        seed: int = 0,
        first_step: int | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._space, self._seed = space, seed
        self._settings = settings or Settings()
        self._rungs = Rungs.up_to(max_steps, first_step)
        self._embedding = Embedding(space)
        self._fitter = Fitter(self._rungs, self._embedding)
        self._start_runs = max(LEAST_START_RUNS, space.size // 2 + 3)
        self._threads = ThreadpoolController()
        self._reader, self._curves = Reader(), Known()
        self._last: tuple[object, Belief, tuple[Curve, ...]] | None = None

    def propose(self, history: History) -> Proposal:
        number = len(history.trials)
        if number < self._start_runs:
            proposal = starting(self._space, self._rungs, self._seed, history)
            if proposal is not None:
                return proposal
        with self._one_thread():
            view = self._view(history, number)
            ways = [] if view is None else view.ways(self._random(history))
        return self._proposal(history, ways) or self._blind(history)

    def assess(self, history: History, number: int) -> Verdict:
        trial = history.trials[number]
        step = trial.points[-1].step if trial.points else 0
        if step >= self._rungs.steps[-1]:
            return Verdict("stop")
        starts = number < self._start_runs
        with self._one_thread():
            if step < trial.planned_steps:
                checked = step in self._rungs.steps[FIRST_CHECK:] and not starts
                if not (checked and self._disappoints(history, number)):
                    return Verdict("go on", trial.planned_steps)
            elif not starts and (until := self._goes_on_to(history, number)) > step:
                return Verdict("go on", until)
        return Verdict("pause" if self._settings.resume else "stop")

    def _goes_on_to(self, history: History, number: int) -> int:
        """The step for which a run that has arrived is better than whatever else could be done, 0 where
        it is not. Asked only where to pause is to lose something."""
        if self._settings.resume and not start_cost(history):
            return 0
        view = self._view(history, number)
        curves = [] if view is None else [c for c in view.belief.curves if c.number == number]
        if view is None or not curves or not curves[0].feasible:
            return 0
        scores, rungs = best_rungs(view.appraisal.of_curves(curves, start=0.0))
        ways = view.ways(self._random(history))
        best = max(scores[0], 0.0) >= (ways[0].score if ways else 0.0)
        return self._rungs.steps[rungs[0]] if best and scores[0] > 0 else 0

    def _disappoints(self, history: History, number: int) -> bool:
        others = {n: trial for n, trial in history.trials.items() if n != number}
        view = self._view(replace(history, trials=others), number)
        if view is None:
            return False
        curve = curves_of(history, view.belief.problem, self._rungs, self._curves)[number]
        if not curve.feasible or not len(curve):
            return not curve.feasible
        now, expected = view.appraisal.of_news(curve)
        return now <= 0 or now < self._settings.patience * expected

    def _one_thread(self) -> AbstractContextManager[Any]:
        """The matrices are small, and a job may be measured on the other cores."""
        limit: AbstractContextManager[Any] = self._threads.limit(limits=1, user_api="blas")
        return limit

    def _view(self, history: History, number: int) -> View | None:
        """As run `number`, there or to come, is decided on; None while nothing is known."""
        rungs, settings = self._rungs, self._settings
        weights = weights_of(number, len(loss_columns(history)), self._seed)
        problem = derive(history, self._start_runs, rungs.steps[-1], weights, self._reader)
        if problem is None:
            return None
        mood = MOODS[_points(history) % len(MOODS)]
        curves = curves_of(history, problem, rungs, self._curves)
        belief = self._believed(problem, mood, curves, number)
        start = start_cost(history)
        purse = Purse(history.spent, start, settings.overhead)
        paused = [curve for curve in belief.curves if curve.state == "paused" and curve.feasible]
        return View(
            belief,
            Appraisal(belief, mood, purse),
            tuple(paused) if settings.resume else (),
            start,
        )

    def _believed(self, problem: Problem, mood: Mood, curves: list[Curve], number: int) -> Belief:
        """Remembered while nothing else is seen: a run on its way is judged by what was believed
        when it was chosen."""
        key = (mood, problem.weights.tobytes(), number, *map(id, curves))
        if self._last is None or self._last[0] != key:
            warp = WARPS[mood.warp](problem.reference)
            kernels = self._fitter.kernels(curves, problem, warp)
            kept = within_cap(curves, problem)
            parts = (self._rungs, self._embedding, kernels)
            belief = Belief(problem, warp, kept, *parts).with_pending(number)
            self._last = (key, belief, tuple(curves))
        return self._last[1]

    def _proposal(self, history: History, ways: list[Way]) -> Proposal | None:
        """The best way that repeats nothing."""
        known = {self._space.key(trial.config) for trial in history.trials.values()}
        for way in ways:
            until = self._rungs.steps[way.rung]
            if way.number is not None:
                return Proposal(until, resumes=way.number)
            config = self._config(way)
            if self._space.key(config) not in known:
                return Proposal(until, config=config)
        return None

    def _config(self, way: Way) -> Mapping[str, Any]:
        assert way.unit is not None
        return self._space.from_unit(tuple(way.unit.tolist()))

    def _blind(self, history: History) -> Proposal:
        """A point of the even sample; where the space is used up, one of its configurations again."""
        number = len(history.trials)
        proposal = starting(self._space, self._rungs, self._seed, history)
        if proposal is not None:
            return proposal
        config = next(configurations(self._space, self._seed, number))
        return Proposal(self._rungs.steps[-1], config=config)

    def _random(self, history: History) -> np.random.Generator:
        return np.random.default_rng([self._seed, 1, len(history.trials), _points(history)])


def _points(history: History) -> int:
    return sum(len(trial.points) for trial in history.trials.values())
