"""A study in memory, strategies of a known mind, and trials that are tiny real runs."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from pathlib import Path

from support.runs import tiny_run
from support.tiny_learner import TinyLearner

from joulelab.sweeping import folders, job
from joulelab.sweeps.history import History, Objective, Proposal, Trial, Verdict

OBJECTIVES = (Objective("val/f1_macro", "maximize"), Objective("energy_j", "minimize", cost=True))


class MemoryBook:
    """Ends after `runs` trials."""

    budget_j = math.inf

    def __init__(self, runs):
        self.runs, self.retries = runs, 1
        self.waiting, self.attempts, self.postponed = [], {}, []
        self.trials, self.ends = {}, {}

    def history(self):
        spent = sum(end["spent"].get("energy_j", 0.0) for end in self.ends.values())
        return History(OBJECTIVES, dict(self.trials), spent)

    def begin(self, proposal):
        if proposal.resumes is not None:
            number, until = proposal.resumes, proposal.until_step
            self.trials[number] = replace(self.trials[number], state="running", planned_steps=until)
            return number
        number = len(self.trials)
        self.trials[number] = Trial(
            number, dict(proposal.config), (), planned_steps=proposal.until_step
        )
        return number

    def adopt(self):
        return [number for number, each in self.trials.items() if each.state == "running"]

    def take(self):
        if not self.waiting:
            return None
        number = self.waiting.pop()
        self.trials[number] = replace(self.trials[number], state="running")
        return number

    def postpone(self, number, until, spent):
        self.waiting.append(number)
        self.postponed.append(number)
        self.trials[number] = replace(self.trials[number], state="paused", planned_steps=until)

    def requeue(self, number, why):
        self.attempts[number] = self.attempts.get(number, 1) + 1
        if self.attempts[number] > 1 + self.retries:
            return False
        self.waiting.append(number)
        return True

    def report(self, number, points):
        self.trials[number] = replace(self.trials[number], points=tuple(points))

    def finish(self, number, state, metrics, spent, why):
        self.ends[number] = {"state": state, "metrics": metrics, "spent": spent, "why": why}
        self.trials[number] = replace(self.trials[number], state=state)

    def spent_up(self):
        return "runs" if len(self.trials) >= self.runs else None

    def overdrawn(self):
        return self.budget_j < sum(trial.cost for trial in self.trials.values())


class Whole:
    """Every trial to its end."""

    def __init__(self, until=4, **config):
        self.until, self.config = until, config

    def propose(self, history):
        return Proposal(self.until, config=self.config)

    def assess(self, history, number):
        return Verdict("go on", self.until)


class StopsAt(Whole):
    """The verdict once a trial has got to `until`."""

    decision = "stop"

    def assess(self, history, number):
        there = history.trials[number].points[-1].step >= self.until
        return Verdict(self.decision if there else "go on", self.until)


class Quiet:
    def __init__(self):
        self.said = []

    def say(self, sentence):
        self.said.append(sentence)

    def show(self, history, running):
        return


def starter(study: Path, repeats: int = 1):
    """Starts a tiny run, or as many as there are repeats, in the folder of the trial; the
    configuration is the learner's."""

    def start(number, config):
        folder = study / str(number)
        return job.start(tiny_trial, (str(folder), dict(config), repeats), folder, ())

    return start


def tiny_trial(given):
    folder, config, repeats = given
    learner = functools.partial(TinyLearner, **config)
    root = Path(folder)
    kept = folders.checkpoints(root, repeats) or [None] * repeats
    for seed, earlier in enumerate(kept):
        run = tiny_run(
            root, learner, outputs=root, index=root / "index", warmup_s=0, idle_s=0, seed=seed,
            continues=earlier,
        )  # fmt: skip
        if run.execute().status == "KILLED":
            raise KeyboardInterrupt


class Pauses(Whole):
    """Every trial to two points, then the first one again, two by two."""

    def __init__(self, trials=1, **config):
        super().__init__(2, **config)
        self.count = trials

    def propose(self, history):
        if len(history.trials) < self.count:
            return Proposal(2, config=self.config)
        waiting = min(n for n, trial in history.trials.items() if trial.state == "paused")
        return Proposal(history.trials[waiting].points[-1].step + 2, resumes=waiting)

    def assess(self, history, number):
        trial = history.trials[number]
        there = trial.points[-1].step >= trial.planned_steps
        return Verdict("pause" if there else "go on", trial.planned_steps)
