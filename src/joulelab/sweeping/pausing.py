"""Trials that stop before their end and can go on: whether their learners were kept, and what then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from joulelab.records import StopReason
from joulelab.sweeping import folders
from joulelab.sweeps.history import Strategy

INTERRUPTED = "interrupted"


class Pausing:
    """`instead` makes the strategy of a sweep in which no trial can go on; None where the strategy
    never pauses one."""

    def __init__(self, wanted: bool = True, instead: Callable[[], Strategy] | None = None) -> None:
        self.possible = wanted
        self._instead = instead

    @property
    def reason(self) -> StopReason:
        """What a run is told that is to pause."""
        return StopReason.PAUSED if self.possible else StopReason.BUDGET

    def paused(self, seen: Sequence[folders.Seen], repeats: int) -> bool:
        """Whether these runs, all of one trial, stopped so that they can go on."""
        kept = [each for each in seen if each.record.tags.get("checkpoint") == "kept"]
        return len(kept) == repeats and len(seen) == repeats

    def refused(self, seen: Sequence[folders.Seen]) -> str | None:
        """Why a run that was to pause cannot go on; None where that did not happen."""
        for each in seen:
            tags = each.record.tags
            if tags.get("stopped") == StopReason.PAUSED and tags.get("checkpoint") != "kept":
                return tags.get("checkpoint", "its learner was not kept")
        return None

    def give_up(self) -> Strategy | None:
        """No trial is paused any more; the strategy that is to decide from now on."""
        self.possible = False
        return self._instead() if self._instead is not None else None


def interrupted(failure: str | None, seen: Sequence[folders.Seen]) -> bool:
    """Whether a trial was asked to stop from outside, and did."""
    return failure == INTERRUPTED or any(each.record.status == "KILLED" for each in seen)
