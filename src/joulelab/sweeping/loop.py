"""The sweep itself: asks what to run, runs it, tells what came of it, until the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from joulelab import jobs
from joulelab.records import StopReason
from joulelab.sweeping import folders, job, leasing
from joulelab.sweeping.judging import Judging
from joulelab.sweeping.pausing import Pausing, interrupted
from joulelab.sweeping.stopping import Stopping
from joulelab.sweeping.trials import (
    Book,
    Live,
    Measure,
    Screen,
    failure_of,
    spent_by,
    worth_another_try,
)
from joulelab.sweeps.history import Proposal, State, Strategy

PERIOD_S, CHECK_S = 0.1, 1.0
"""From one look at the jobs, and from one look at the whole study, to the next: the latter costs
milliseconds at a thousand trials."""
ANSWERED = 20
"""So many proposals in a row that earlier trials answer end a sweep."""


class Loop:
    """`start(number, config)` starts the process of a trial in its folder below `study`;
    `length(config)` is how many points its curve has at its end; `repeats` how many runs it makes."""

    def __init__(
        self,
        book: Book,
        strategy: Strategy,
        measure: Measure,
        start: Callable[[int, Mapping[str, Any]], jobs.Job],
        length: Callable[[Mapping[str, Any]], int],
        study: Path,
        screen: Screen,
        workers: int = 1,
        repeats: int = 1,
        pausing: Pausing | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self.book, self.strategy, self.measure = book, strategy, measure
        self.start, self.length, self.study, self.screen = start, length, study, screen
        self.workers, self.repeats = workers, repeats
        self.pausing, self.between = pausing or Pausing(), between
        self.live: list[Live] = []
        self.answered = 0
        self.judging = Judging(measure)
        self.stopping = False
        self.changed, self.next_s = True, 0.0

    def run(self) -> str:
        """Until the budget is spent, or Ctrl-C; says which. RunFailed where nothing ever works."""
        self._adopt()
        with Stopping(self._abandon) as stopping:
            try:
                return self._until_spent(stopping)
            except BaseException:
                self._abandon()
                raise

    def _until_spent(self, stopping: Stopping) -> str:
        while True:
            if stopping.why is None and (self.changed or time.monotonic() >= self.next_s):
                self.changed, self.next_s = not self.live, time.monotonic() + CHECK_S
                self._fill() if not self.book.overdrawn() else self._cut()
            if self.live:
                self._wait()
                continue
            why = stopping.why or self.book.spent_up() or self._exhausted()
            if why is not None:
                return why

    def _adopt(self) -> None:
        """Takes over the trials whose sweeper is gone: watched on where the job lives, else ended."""
        for number in self.book.adopt():
            live = self._live(number)
            seen = folders.runs(live.folder)
            live.earlier = {each.folder for each in seen[: -self.repeats]}
            self.live.append(live)

    def _fill(self) -> None:
        while len(self.live) < self.workers:
            if (number := self.book.take()) is None:
                if self.book.spent_up() or self._exhausted():
                    return
                number = self.book.begin(self._propose())
            if number is None:
                continue
            if self.book.history().trials[number].state != "running":
                self.answered += 1
                continue
            self.answered = 0
            live = self._live(number)
            live.earlier = {each.folder for each in folders.runs(live.folder)}
            if folders.checkpoints(live.folder, self.repeats):
                live.points = self.book.history().trials[number].points
            leasing.begin(live)
            live.job = self.start(number, live.config)
            self.live.append(live)

    def _propose(self) -> Proposal:
        """Never for more points than the curve will have: shorter ones are then known as done."""
        proposal = self.strategy.propose(self.book.history())
        if proposal.config is None:
            return proposal
        return replace(proposal, until_step=min(proposal.until_step, self.length(proposal.config)))

    def _live(self, number: int) -> Live:
        trial = self.book.history().trials[number]
        whole = self.length(trial.config)
        until = min(trial.planned_steps or whole, whole)
        return Live(number, trial.config, self.study / str(number), whole, until=until)

    def _exhausted(self) -> str | None:
        return "nothing new is left in the space" if self.answered >= ANSWERED else None

    def _wait(self) -> None:
        own = [live.job for live in self.live if live.job is not None]
        ready = jobs.ended(own, PERIOD_S) if own else []
        if not own:
            time.sleep(PERIOD_S)
        for live in list(self.live):
            self._look(live)
            if live.job in ready or (live.job is None and not job.at_work(live.folder)):
                self._end(live)
                self.changed = True
                self.between()
        if self.changed or time.monotonic() >= self.next_s:
            self.screen.show(self.book.history(), self.live)

    def _look(self, live: Live) -> None:
        """Tells the study what is new of a trial and the trial what the strategy makes of it."""
        seen = live.seen()
        leasing.limit(live, seen, self.repeats, self.pausing.reason)
        points = self.measure.points(seen) if len(seen) >= self.repeats else ()
        if len(points) <= len(live.points):
            return
        live.points = points
        self.book.report(live.number, points)
        if points[-1].step >= live.whole or not any(each.alive for each in seen):
            return
        verdict = self.strategy.assess(self.book.history(), live.number)
        if verdict.decision == "go on":
            live.until = max(live.until, verdict.until_step)
            waiting = [len(each.curve) for each in seen if not each.alive]
            live.goes_on = bool(waiting) and points[-1].step >= min(waiting)
            if live.goes_on:  # repeats that have ended: all go on together, later
                leasing.lease(live, seen, points[-1].step, self.pausing.reason)
            else:
                leasing.lease(live, seen, live.until)
        else:
            stop, live.goes_on = verdict.decision == "stop", False
            reason = StopReason.DOMINATED if stop else self.pausing.reason
            leasing.lease(live, seen, points[-1].step, reason)

    def _end(self, live: Live) -> None:
        outcome = live.job.finish() if live.job is not None else None
        seen = live.seen()
        failure = outcome.failure if outcome is not None else failure_of(seen)
        points = self.measure.points(seen) if len(seen) >= self.repeats else ()
        settled = bool(seen) and all(each.record.status == "FINISHED" for each in seen)
        if not settled and len(points) < len(live.points):
            points = (
                live.points
            )  # what came before; of a run that ended well its settled curve counts
        if points or settled:
            self.book.report(live.number, points)
        if self._halted(live, seen, failure) or (failure and self._again(live, failure)):
            self.live.remove(live)
            return
        if not points and failure is None:
            failure = self.judging.unlogged(seen)
        state: State = "failed" if failure and not points else "done"
        self._finish(live, seen, state, failure)
        self.live.remove(live)
        if state == "failed":
            self.screen.say(f"trial {live.number} failed: {failure}")
        self.judging.ended(live, state, failure, self.book.history())

    def _finish(
        self, live: Live, seen: Sequence[folders.Seen], state: State, failure: str | None
    ) -> None:
        metrics = dict(seen[-1].record.metrics) if seen else {}
        spent = spent_by(folders.runs(live.folder))
        self.book.finish(live.number, state, metrics, spent, failure or "")
        if state != "paused":
            folders.clear(live.folder)

    def _halted(self, live: Live, seen: Sequence[folders.Seen], failure: str | None) -> bool:
        """Whether the trial has stopped where it can go on: paused, or interrupted with the sweep."""
        asked = self.stopping and interrupted(failure, seen)
        kept = self.pausing.paused(seen, self.repeats)
        if asked and (kept or not live.points):
            spent = spent_by(folders.runs(live.folder))
            self.book.postpone(live.number, max(live.until, 1), spent)
            return True
        if failure is None and kept and live.goes_on:
            self.book.postpone(live.number, live.until, spent_by(folders.runs(live.folder)))
            return True
        if failure is None and kept:
            self._finish(live, seen, "paused", None)
            return True
        if self.pausing.possible and (why := self.pausing.refused(seen)) is not None:
            self.screen.say(f"no trial is paused from now on: {why}")
            self.strategy = self.pausing.give_up() or self.strategy
        return False

    def _again(self, live: Live, failure: str) -> bool:
        """Whether the trial waits to be begun again."""
        if not worth_another_try(failure) or not self.book.requeue(live.number, failure):
            return False
        self.screen.say(f"trial {live.number} is tried again: {failure}")
        return True

    def _cut(self) -> None:
        """The money is gone: what runs ends at its next step; its curve so far counts."""
        for live in self.live:
            leasing.lease(live, live.seen(), len(live.points), StopReason.BUDGET)

    def _abandon(self) -> None:
        self.stopping = True
        leasing.stop_now(self.live)
