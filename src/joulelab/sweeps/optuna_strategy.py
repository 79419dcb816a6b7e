"""Any Optuna sampler as a strategy.

The study that the sampler sees is made anew for every decision, out of the history alone: the same
history and seed give the same answer, whoever asks and however often the sweep was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from joulelab.errors import ConfigError
from joulelab.sweeps.asking import Asking
from joulelab.sweeps.history import History, Proposal, Verdict
from joulelab.sweeps.space import Space
from joulelab.sweeps.telling import Telling, Told, judged, told
from joulelab.sweeps.trajectory.rungs import Rungs
from joulelab.sweeps.trajectory.start import configurations, start_runs, starting

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

VIOLATION = "joulelab"
NEW_POINTS = 1_000_000
"""Where in the Sobol sequence stand-ins for repeated proposals begin: beyond every start."""


@dataclass(frozen=True)
class Kind:
    """`make` builds the sampler from a seed. `random_runs` come first where there is no cheap start.
    `most` is how many points it can be told within two seconds a decision. `replays`: the sampler's
    state is a path, not a set of trials. `generation`: how many trials share one, 0 without."""

    name: str
    make: Callable[[int], BaseSampler]
    telling: Telling
    log_cost: bool = False
    most: int = 10**9
    random_runs: int = 0
    generation: int = 0
    replays: bool = False
    objectives: int | None = None


@dataclass(frozen=True)
class Options:
    """`telling`, `log_cost` (told as its logarithm): None for the sampler's own. `steps`: each run
    chooses how many, or all run to the longest."""

    cheap_start: bool = False
    telling: Telling | None = None
    log_cost: bool | None = None
    steps: Literal["chosen", "longest"] = "chosen"


class OptunaStrategy:
    """ConfigError where the sampler cannot take this many objectives."""

    def __init__(
        self,
        kind: Kind,
        space: Space,
        max_steps: int,
        *,
        seed: int = 0,
        first_step: int | None = None,
        options: Options | None = None,
    ) -> None:
        self._kind, self._space, self._seed = kind, space, seed
        self._options = options or Options()
        self._rungs = Rungs.up_to(max_steps, first_step)
        least = max_steps if self._options.steps == "longest" else self._rungs.steps[0]
        self._asking = Asking(space, least, max_steps)
        self._start_runs = start_runs(space.size) if self._options.cheap_start else 0

    def propose(self, history: History) -> Proposal:
        self._check(history)
        number = len(history.trials)
        if number < self._start_runs:
            proposal = starting(self._space, self._rungs, self._seed, history)
            if proposal is not None:
                return proposal
        config, steps = self._asking.ask(self._study(history).ask())
        known = {
            self._space.key(trial.config)
            for trial in history.trials.values()
            if trial.state != "failed" and max(trial.planned_steps, _last(trial)) >= steps
        }
        if self._space.key(config) in known:
            config = self._other_than(known, number) or config
        return Proposal(until_step=steps, config=config)

    def assess(self, history: History, number: int) -> Verdict:
        trial = history.trials[number]
        if _last(trial) < trial.planned_steps:
            return Verdict("go on", trial.planned_steps)
        return Verdict("stop")

    def _check(self, history: History) -> None:
        most = self._kind.objectives
        if most is not None and len(history.objectives) > most:
            raise ConfigError(
                f"{self._kind.name} knows one objective, not {len(history.objectives)}",
                where="sweep.sampler",
                cure="choose gp_cheap_start, gp, tpe or nsga2",
            )

    def _study(self, history: History) -> Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        number = len(history.trials)
        blind = not self._start_runs and number < self._kind.random_runs
        seed = self._seed if self._kind.replays else _mixed(self._seed, number)
        sampler = optuna.samplers.RandomSampler(seed) if blind else self._kind.make(seed)
        study = optuna.create_study(
            directions=["minimize"] * len(history.objectives), sampler=sampler
        )
        if blind:
            return study
        telling = self._options.telling or self._kind.telling
        log_cost = self._options.log_cost
        if log_cost is None:
            log_cost = self._kind.log_cost
        points = told(history, self._rungs, telling, self._kind.most, log_cost)
        if self._kind.replays:
            self._replay(study, points)
        else:
            study.add_trials([self._finished(index, each) for index, each in enumerate(points)])
        study.add_trials(self._running(history))
        return study

    def _finished(self, index: int, point: Told) -> FrozenTrial:
        from optuna.trial import create_trial

        params = self._asking.params(point.trial.config, point.step)
        violation = point.trial.violation if judged(point.trial) else None
        attributes = {}
        if self._kind.generation:
            generation = index // self._kind.generation
            attributes = {f"NSGA{each}Sampler:generation": generation for each in ("II", "III")}
        return create_trial(
            values=point.values,
            params=params,
            distributions=self._asking.distributions(params),
            constraints=None if violation is None else {VIOLATION: violation},
            system_attrs=attributes,
        )

    def _running(self, history: History) -> list[FrozenTrial]:
        from optuna.trial import TrialState, create_trial

        pending = []
        for trial in history.trials.values():
            if trial.state == "running":
                params = self._asking.params(trial.config, trial.planned_steps)
                distributions = self._asking.distributions(params)
                pending.append(
                    create_trial(
                        state=TrialState.RUNNING, params=params, distributions=distributions
                    )
                )
        return pending

    def _replay(self, study: Study, points: list[Told]) -> None:
        for point in points:
            study.enqueue_trial(self._asking.params(point.trial.config, point.step))
            trial = study.ask()
            # Where everything is given the sampler is not asked, and its path would not go on.
            trial.relative_params  # noqa: B018
            self._asking.ask(trial)
            if point.trial.violation is not None and judged(point.trial):
                trial.set_constraint(VIOLATION, point.trial.violation)
            study.tell(trial, list(point.values))

    def _other_than(self, known: set[Any], number: int) -> dict[str, object] | None:
        for config in configurations(self._space, self._seed, NEW_POINTS + number):
            if self._space.key(config) not in known:
                return config
        return None


def _last(trial: Any) -> int:
    return int(trial.points[-1].step) if trial.points else 0


def _mixed(seed: int, number: int) -> int:
    """Another seed for every decision; below 2**31, as Optuna adds to it."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) >> 2
