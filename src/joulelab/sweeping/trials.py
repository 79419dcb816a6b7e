"""A trial at work, what the study wants to know of it, and where the study is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from joulelab import jobs
from joulelab.records import Metrics
from joulelab.sweeping import folders
from joulelab.sweeps.history import History, Point, Proposal, State


class Book(Protocol):
    """Where the study is kept. Safe under several sweepers at once; every call may be repeated."""

    def history(self) -> History: ...
    def begin(self, proposal: Proposal) -> int | None:
        """The number of a running trial, ours alone; of a finished one where that has done the same
        work; None where another sweeper was quicker and the strategy is to be asked again."""
        ...

    def adopt(self) -> Sequence[int]:
        """The running trials whose sweeper is dead; they are ours now."""
        ...

    def requeue(self, number: int, why: str) -> bool:
        """Gives a trial back to be begun again; False where it has been tried often enough."""
        ...

    def postpone(self, number: int, until_step: int, spent: Metrics) -> None:
        """Gives a trial back that is to go on up to `until_step`: `take` offers it first."""
        ...

    def take(self) -> int | None:
        """One that waits to be begun again."""
        ...

    def report(self, number: int, points: Sequence[Point]) -> None:
        """The whole curve so far."""
        ...

    def finish(self, number: int, state: State, metrics: Metrics, spent: Metrics, why: str) -> None:
        """`metrics` of the finished run, for constraints and values; `spent` of all attempts."""
        ...

    def spent_up(self) -> str | None:
        """Why no further trial may begin, None where one may."""
        ...

    def overdrawn(self) -> bool:
        """Whether even what runs should end now: joules or seconds are used up."""
        ...


class Screen(Protocol):
    def say(self, sentence: str) -> None: ...
    def show(self, history: History, running: Sequence[Live]) -> None: ...


@dataclass
class Live:
    """A trial at work, to run `until` of the `whole` number of points that its curve may have. `job`
    is None where an earlier sweeper started it; `earlier` are the run folders of other attempts."""

    number: int
    config: Mapping[str, Any]
    folder: Path
    whole: int
    job: jobs.Job | None = None
    until: int = 0
    points: tuple[Point, ...] = ()
    earlier: set[Path] = field(default_factory=set)
    limited: set[Path] = field(default_factory=set)
    """Run folders that have been told how far to go."""
    goes_on: bool = False
    """Whether it stops only to go on at once."""

    def seen(self) -> list[folders.Seen]:
        """The runs of this attempt."""
        return [each for each in folders.runs(self.folder) if each.folder not in self.earlier]


@dataclass(frozen=True)
class Measure:
    """Which numbers of a run the study wants: objectives with their signs, and the cost."""

    objectives: Sequence[str]
    signs: Sequence[float]
    cost: str
    bounded: Sequence[str] = ()
    """Metrics that constraints are on."""

    def points(self, seen: Sequence[folders.Seen]) -> tuple[Point, ...]:
        curve = folders.points(seen, self.objectives, self.cost)
        return folders.as_points(curve, self.objectives, self.signs, self.cost)


def worth_another_try(failure: str) -> bool:
    """What may go better next time: the same configuration cannot cure its own mistakes."""
    signs = ("was ended by", "was killed", "out of memory", "interrupted", "no space left")
    return any(sign in failure.lower() for sign in signs)


def failure_of(seen: Sequence[folders.Seen]) -> str | None:
    """Why an adopted trial ended badly, None where it ended well."""
    if not seen:
        return "the job's process was killed before its run began"
    bad = [each.record for each in seen if each.record.status != "FINISHED"]
    return (bad[0].error or "the process was killed") if bad else None


def spent_by(seen: Sequence[folders.Seen]) -> Metrics:
    total: Metrics = {}
    for each in seen:
        for name, value in each.spent.items():
            total[name] = total.get(name, 0.0) + value
    return total
