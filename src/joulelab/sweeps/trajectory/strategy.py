"""Whole curves, predicted: start, go on, pause, stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from joulelab.sweeps.history import History, Proposal, Verdict
from joulelab.sweeps.space import Space
from joulelab.sweeps.trajectory.appraisal import MOODS, Appraisal, Purse
from joulelab.sweeps.trajectory.belief import Belief
from joulelab.sweeps.trajectory.cap import within_cap
from joulelab.sweeps.trajectory.curves import curves_of, spent_on_long, start_cost
from joulelab.sweeps.trajectory.embedding import Embedding
from joulelab.sweeps.trajectory.fitting import Fitter
from joulelab.sweeps.trajectory.problem import derive, loss_columns, weights_of
from joulelab.sweeps.trajectory.rungs import Rungs
from joulelab.sweeps.trajectory.search import Way, best_rungs
from joulelab.sweeps.trajectory.start import configurations, start_runs, starting
from joulelab.sweeps.trajectory.view import View
from joulelab.sweeps.trajectory.warps import HypervolumeWarp, LogWarp, Warp

WARPS: Mapping[str, Callable[[float], Warp]] = {"hypervolume": HypervolumeWarp, "log": LogWarp}
# Rungs up to which a new run goes first (the third), and by which any run goes on at a time.
FIRST_PIECE = 2
PIECE = 2


@dataclass(frozen=True)
class Settings:
    """`overhead`: share of the money spent that is added to every price. `patience`: a run goes on
    while it is worth this share of the best alternative. `long_share`: of the money, kept on hard
    tasks for runs of at least half the steps. `resume`: paused runs compete with new ones; without
    it (no checkpoints) a pause is final."""

    overhead: float = 0.015
    patience: float = 0.5
    long_share: float = 0.15
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
        self._start_runs = start_runs(space.size)
        self._threads = ThreadpoolController()

    def propose(self, history: History) -> Proposal:
        number = len(history.trials)
        if number < self._start_runs:
            proposal = starting(self._space, self._rungs, self._seed, history)
            if proposal is not None:
                return proposal
        with self._one_thread():
            view = self._view(history, number)
            ways = [] if view is None else view.ways(self._random(history))
        least_rung = 0 if view is None else view.least_rung
        return self._proposal(history, ways, least_rung) or self._blind(history)

    def assess(self, history: History, number: int) -> Verdict:
        trial = history.trials[number]
        step = trial.points[-1].step if trial.points else 0
        if step < min(trial.planned_steps, self._rungs.steps[-1]):
            return Verdict("go on", trial.planned_steps)
        if step >= self._rungs.steps[-1]:
            return Verdict("stop")
        starts = number < self._start_runs and len(history.trials) <= self._start_runs
        with self._one_thread():
            rung = None if starts else self._goes_on_to(history, number)
        if rung is None:
            return Verdict("pause" if self._settings.resume else "stop")
        return Verdict("go on", self._piece(step, rung))

    def _goes_on_to(self, history: History, number: int) -> int | None:
        """The rung at which this run is worth most; None where others are worth much more."""
        view = self._view(history, number)
        curves = [] if view is None else [c for c in view.belief.curves if c.number == number]
        if view is None or not curves or not curves[0].feasible:
            return None
        scores, rungs = best_rungs(view.appraisal.of_curves(curves, start=0.0))
        ways = view.ways(self._random(history))
        best = ways[0].score if ways else 0.0
        worth_it = scores[0] > 0 and scores[0] >= self._settings.patience * best
        return int(rungs[0]) if worth_it else None

    def _one_thread(self) -> AbstractContextManager[Any]:
        """The matrices are small, and a job may be measured on the other cores."""
        limit: AbstractContextManager[Any] = self._threads.limit(limits=1, user_api="blas")
        return limit

    def _view(self, history: History, number: int) -> View | None:
        """As run `number`, there or to come, is decided on; None while nothing is known."""
        rungs, settings = self._rungs, self._settings
        weights = weights_of(number, len(loss_columns(history)), self._seed)
        problem = derive(history, self._start_runs, rungs.steps[-1], weights)
        if problem is None:
            return None
        mood = MOODS[number % len(MOODS)]
        warp = WARPS[mood.warp](problem.reference)
        curves = curves_of(history, problem, rungs)
        kernels = self._fitter.kernels(curves, problem, warp)
        kept = within_cap(curves, problem)
        belief = Belief(problem, warp, kept, rungs, self._embedding, kernels).with_pending(number)
        start = start_cost(history)
        owed = settings.long_share * history.spent - spent_on_long(curves, rungs)
        # Right after the start every task looks hard: a run is due once what was kept pays for it.
        long_due = owed > problem.cost_reference / 2 and belief.hard
        least_rung = rungs.half_way if long_due else 0
        purse = Purse(history.spent, start, settings.overhead, least_rung)
        paused = [curve for curve in belief.curves if curve.state == "paused" and curve.feasible]
        return View(
            belief,
            Appraisal(belief, mood, purse),
            tuple(paused) if settings.resume else (),
            start,
            least_rung,
        )

    def _proposal(self, history: History, ways: list[Way], least_rung: int) -> Proposal | None:
        """The best way that repeats nothing."""
        known = {self._space.key(trial.config) for trial in history.trials.values()}
        for way in ways:
            if way.number is not None:
                trial = history.trials[way.number]
                step = trial.points[-1].step if trial.points else 0
                return Proposal(self._piece(step, way.rung, least_rung), resumes=way.number)
            config = self._config(way)
            if self._space.key(config) not in known:
                first = self._rungs.steps[min(way.rung, max(FIRST_PIECE, least_rung))]
                return Proposal(first, config=config)
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
        points = sum(len(trial.points) for trial in history.trials.values())
        return np.random.default_rng([self._seed, 1, len(history.trials), points])

    def _piece(self, step: int, rung: int, least_rung: int = 0) -> int:
        """Where to stop and think again on the way to a rung."""
        next_stop = max(self._rungs.reached(step) + PIECE - 1, least_rung)
        return self._rungs.steps[min(rung, next_stop)]
