"""A small world of learning curves, and a driver that lets a strategy spend money in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from joulelab.sweeps.history import History, Objective, Point, Proposal, Strategy, Trial
from joulelab.sweeps.space import Choice, Float, Space

LONGEST = 27
LOSS_AND_COST = (Objective("error", "minimize"), Objective("energy_j", "minimize", cost=True))
Config = Mapping[str, Any]
Losses = Callable[[Config, int], tuple[float, ...]]

PLAIN = Space({"lr": Float(1e-4, 1.0, log=True), "width": Float(1.0, 100.0, log=True)})
CONDITIONAL = Space(
    {
        "model": Choice(["net", "forest"]),
        "lr": Float(1e-4, 1.0, log=True, when={"model": ["net"]}),
        "depth": Float(1.0, 20.0, when={"model": ["forest"]}),
        "width": Float(1.0, 100.0, log=True),
    }
)


def losses(config: Config, step: int) -> tuple[float, ...]:
    """Best near lr 0.01; wide learns better, and costs more; a forest is mediocre at once."""
    if config.get("model") == "forest":
        return (50.0 - config["depth"] / 2,)
    far = abs(math.log10(config["lr"]) + 2)
    end = 10 + 20 * far + 20 / (1 + config["width"] / 10)
    return (end + (90 - end) * math.exp(-step / 5) if end < 90 else 90.0,)


def cost(config: Config, step: int) -> float:
    return step * (1 + config["width"] / 10)


class World:
    """Holds the trials; one worker. `start_cost` is paid by each job."""

    def __init__(
        self,
        space: Space,
        curve: Losses = losses,
        cost_of: Callable[[Config, int], float] = cost,
        *,
        start_cost: float = 0.0,
    ) -> None:
        self.space, self._curve, self._cost = space, curve, cost_of
        self._start_cost = start_cost
        self.trials: dict[int, Trial] = {}
        self.proposals: list[Proposal] = []
        self.spent = 0.0

    def history(self, **others: Any) -> History:
        return History(LOSS_AND_COST, dict(self.trials), self.spent, **others)

    def begin(self, proposal: Proposal) -> int:
        self.proposals.append(proposal)
        self.spent += self._start_cost
        if proposal.resumes is not None:
            number = proposal.resumes
            trial = replace(self.trials[number], state="running")
        else:
            assert proposal.config is not None
            number = len(self.trials)
            unit = self.space.to_unit(proposal.config)
            trial = Trial(number, proposal.config, unit, start_cost=self._start_cost)
        self.trials[number] = replace(trial, planned_steps=proposal.until_step)
        return number

    def advance(self, number: int, until_step: int) -> None:
        trial = self.trials[number]
        done = trial.points[-1].step if trial.points else 0
        more = []
        for step in range(done + 1, until_step + 1):
            paid = self._cost(trial.config, step)
            more.append(Point(step, paid, (*self._curve(trial.config, step), paid)))
        points = trial.points + tuple(more)
        self.spent += points[-1].cost - (trial.points[-1].cost if trial.points else 0.0)
        self.trials[number] = replace(trial, points=points, planned_steps=until_step)

    def end(self, number: int, decision: str) -> None:
        state = "paused" if decision == "pause" else "done"
        self.trials[number] = replace(self.trials[number], state=state)

    def run(self, strategy: Strategy, proposals: int) -> None:
        for _ in range(proposals):
            proposal = strategy.propose(self.history())
            number = self.begin(proposal)
            until = proposal.until_step
            while True:
                self.advance(number, until)
                verdict = strategy.assess(self.history(), number)
                if verdict.decision != "go on":
                    break
                until = verdict.until_step
            self.end(number, verdict.decision)
