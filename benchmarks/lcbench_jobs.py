"""A sweep over the surrogate: its jobs cost what they would, and their meters are as good as ours."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from benchmarks.lcbench import EPOCHS, SPACE, Floats, Score, Surrogate, Task

from joulelab.sweeps.history import History, Objective, Point, Proposal, Strategy, Trial

NOISE_ERROR = 0.5
"""Standard deviation of a validation accuracy, in % absolute, drawn anew at every epoch."""
NOISE_COST = 0.02
"""Relative standard deviation of a run's cost, one factor for all its epochs."""
OBJECTIVES = (Objective("time_s", "minimize", cost=True), Objective("error", "minimize"))


@dataclass(frozen=True)
class Conditions:
    """`start`: what every job pays before its first epoch, a resumed one again, in units.
    `credited`: every epoch counts, not only a run's last."""

    noise: bool = False
    start: float = 0.0
    credited: bool = True


@dataclass
class Outcome:
    """`steps`: units spent and the share held, wherever that grew; `decisions_s`: CPU
    time of each proposal, with the assessments of the run that it led to."""

    steps: list[tuple[float, float]] = field(default_factory=list)
    decisions_s: list[float] = field(default_factory=list)
    spent: float = 0.0
    runs: int = 0
    epochs: int = 0


class Sweep:
    """One strategy on one task until `budget` units are spent; a run that has begun is let go on.

    Points are scored by their true values: noise misleads the strategy, not the score.
    """

    def __init__(
        self,
        surrogate: Surrogate,
        task: Task,
        strategy: Strategy,
        conditions: Conditions,
        seed: int,
    ) -> None:
        self._surrogate, self._task, self._strategy = surrogate, task, strategy
        self._conditions, self._seed = conditions, seed
        self._trials: dict[int, Trial] = {}
        self._score = Score(task)
        self._spent_s = 0.0
        self.outcome = Outcome()

    def run(self, budget: float) -> Outcome:
        while self._units < budget:
            started = time.process_time()
            proposal = self._strategy.propose(self._history())
            self.outcome.decisions_s.append(time.process_time() - started)
            self._work(proposal)
        self.outcome.spent = self._units
        self.outcome.runs = len(self._trials)
        self.outcome.epochs = sum(len(trial.points) for trial in self._trials.values())
        return self.outcome

    @property
    def _units(self) -> float:
        return self._spent_s / self._task.unit_s

    def _history(self) -> History:
        return History(OBJECTIVES, dict(self._trials), self._spent_s)

    def _work(self, proposal: Proposal) -> None:
        trial = self._begun(proposal)
        number, config = trial.number, trial.config
        true_s, true_error = self._surrogate.curve(self._task.name, config)
        seconds, errors = self._measured(config, true_s, true_error)
        start_s = self._conditions.start * self._task.unit_s
        self._spent_s += start_s
        paid_s = trial.points[-1].cost if trial.points else 0.0
        until = min(proposal.until_step, EPOCHS)
        decision, epoch = "go on", len(trial.points)
        while decision == "go on" and epoch < until:
            self._spent_s += float(seconds[epoch]) - paid_s
            paid_s = float(seconds[epoch])
            point = Point(epoch + 1, paid_s, (paid_s, float(errors[epoch])))
            trial = replace(trial, points=(*trial.points, point))
            self._trials[number] = trial
            if self._conditions.credited:
                self._credit(float(true_s[epoch]), float(true_error[epoch]))
            epoch += 1
            started = time.process_time()
            verdict = self._strategy.assess(self._history(), number)
            self.outcome.decisions_s[-1] += time.process_time() - started
            decision = verdict.decision
            if decision == "go on":
                until = min(max(until, verdict.until_step), EPOCHS)
                self._trials[number] = trial = replace(trial, planned_steps=until)
        if not self._conditions.credited and epoch:
            self._credit(float(true_s[epoch - 1]), float(true_error[epoch - 1]))
        state = "paused" if decision == "pause" else "done"
        self._trials[number] = replace(trial, state=state)

    def _begun(self, proposal: Proposal) -> Trial:
        if proposal.resumes is not None:
            trial = replace(
                self._trials[proposal.resumes], state="running", planned_steps=proposal.until_step
            )
        else:
            assert proposal.config is not None, "a proposal is a configuration or a paused run"
            trial = Trial(
                number=len(self._trials),
                config=proposal.config,
                unit=SPACE.to_unit(proposal.config),
                planned_steps=proposal.until_step,
                start_cost=self._conditions.start * self._task.unit_s,
            )
        self._trials[trial.number] = trial
        return trial

    def _measured(self, config: Any, seconds: Floats, errors: Floats) -> tuple[Floats, Floats]:
        """The same for the same task, seed and configuration, whoever asks."""
        if not self._conditions.noise:
            return seconds, errors
        name = zlib.crc32(repr(SPACE.key(config)).encode())
        random = np.random.default_rng([int(self._task.name), self._seed, name])
        factor = np.exp(NOISE_COST * random.standard_normal())
        noisy = errors + NOISE_ERROR * random.standard_normal(len(errors))
        return seconds * factor, np.clip(noisy, 0, 100)

    def _credit(self, seconds: float, error: float) -> None:
        before = self._score.share
        share = self._score.add(seconds, error)
        if share > before:
            self.outcome.steps.append((self._units, share))
