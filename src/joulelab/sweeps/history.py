"""What a study knows: trials as curves of cost and losses. Pure data, the same for every sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

State = Literal["running", "paused", "done", "failed"]
Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve: `cost` is what the steps up to `step` have cost, `Trial.start_cost` not
    among it; `losses` one number an objective, smaller is better (the negative of what is to be
    maximised)."""

    step: int
    cost: float
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """`unit`: the configuration in the unit cube, NaN where a parameter is not active.

    `violation` is how far the worst constraint is overstepped, at most 0 where all hold, None where
    nothing is known yet. `start_cost` was paid before the first step (set-up, loading).
    `planned_steps` is where the piece ends that runs now.
    """

    number: int
    config: Mapping[str, Any]
    unit: tuple[float, ...]
    points: tuple[Point, ...] = ()
    state: State = "running"
    planned_steps: int = 0
    violation: float | None = None
    start_cost: float = 0.0

    @property
    def cost(self) -> float:
        return self.points[-1].cost if self.points else self.start_cost


@dataclass(frozen=True, slots=True)
class Objective:
    """`cost` marks the one that the budget is counted in (joules, seconds)."""

    name: str
    direction: Direction
    cost: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """All trials by number; `spent` is the cost of all of them, failed ones included.

    `reference` is the loss of each objective beyond which nothing counts, None where unknown.
    """

    objectives: Sequence[Objective]
    trials: Mapping[int, Trial] = field(default_factory=dict)
    spent: float = 0.0
    reference: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new configuration, or the number of a paused trial to go on with; to be run up to a step.
    `repeat`: run it although it has been run already, to see its noise."""

    until_step: int
    config: Mapping[str, Any] | None = None
    resumes: int | None = None
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    decision: Literal["go on", "pause", "stop"]
    until_step: int = 0


class Strategy(Protocol):
    """Decides what runs next. Both calls see everything, running trials included, and change nothing
    but the strategy's own state; the same seed and history give the same answer."""

    def propose(self, history: History) -> Proposal: ...
    def assess(self, history: History, number: int) -> Verdict:
        """Of a running trial that has just reported its last point."""
        ...
