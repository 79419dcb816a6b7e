"""A study that outlives its sweepers: trials asked for, told of, handed on, and never run twice."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from joulelab.records import Metrics
from joulelab.sweeps import curves, workers
from joulelab.sweeps.budget import Budget, Spent
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.distributions import optuna_params, renamed
from joulelab.sweeps.history import History, Point, Proposal, State
from joulelab.sweeps.holding import Holding, TrialTaken
from joulelab.sweeps.objectives import violations
from joulelab.sweeps.reading import Reader
from joulelab.sweeps.storage import Row, Storage

__all__ = ["Study", "TrialTaken"]


class Study:
    """One worker's view of the study `name` at `url`; not for several threads.

    In Optuna's tables a paused trial is WAITING, one that ended COMPLETE or FAIL. `retries` is how
    often a trial is begun again whose worker died. ConfigError where a study of this name has
    another space (unless `extend`) or pursues something else; StoreError as of `Storage`.
    """

    def __init__(
        self,
        url: str,
        name: str,
        definition: Definition,
        budget: Budget | None = None,
        *,
        retries: int = 1,
        extend: bool = False,
        silence_s: float = workers.SILENCE_S,
    ) -> None:
        self.name, self.definition, self.budget = name, definition, budget or Budget()
        self._space, self._retries = definition.space, retries
        self._storage = Storage(url, name)
        self._reader = Reader(definition)
        with self._storage.exclusive():
            self._storage.create_study(
                [each.direction for each in definition.objectives],
                [each.name for each in definition.objectives],
            )
            self._names = self._agree(extend)
            self.uid = self._storage.study_attributes().get("uid") or uuid.uuid4().hex[:8]
            self._storage.set_study_attribute("uid", self.uid)
        self._holding = Holding(self._storage, silence_s)

    def history(self) -> History:
        self._holding.beat()
        return self._reader.history(self._storage.rows())

    def begin(self, proposal: Proposal, repeat: bool = False, work: str = "") -> int:
        """The number of a trial that is this worker's: a new one, or the paused one that is to go
        on. TrialTaken where that one no longer waits.

        Unless it is to be a `repeat`, a configuration that does the same work as a paused trial
        takes that one up; as one with a curve that long, it is answered from the store: the number
        given is then of a trial that is done already and cost nothing. Configurations with the same
        `work`, where it is given, do the same work too.
        """
        self._holding.beat()
        if proposal.resumes is not None:
            return self._holding.claim(proposal.resumes, proposal.until_step)
        if proposal.config is None:
            raise ValueError("a proposal has a configuration, or a trial to go on with")
        config = {key: proposal.config[key] for key in self._space.active(proposal.config)}
        rows, until = self._storage.rows(), proposal.until_step
        twin = None if repeat else self._reader.twin(rows, config, until, work)
        if twin is not None and twin.state == "WAITING":
            return self._holding.claim(twin.number, proposal.until_step)
        job = {
            "config": config,
            "planned": proposal.until_step,
            "owner": self._holding.me["id"],
            "since": time.time(),
            "attempts": 1,
            "work": work,
        }
        params = optuna_params(self._space, config, self._names)
        if twin is None:
            return self._storage.create(*params, {"job": job})
        job["answered_by"] = twin.number
        rest = {key: value for key, value in twin.attributes.items() if key != "job"}
        return self._storage.create(*params, {**rest, "job": job}, self._reader.values(twin))

    def report(self, number: int, points: Sequence[Point]) -> None:
        """The whole curve so far; StoreError where another worker has taken the trial over."""
        self._holding.beat()
        row = self._holding.row(number)
        if not row.finished:
            self._holding.check(row)
            for key, value in curves.written(points, row.attributes).items():
                self._storage.set_attribute(row, key, value)

    def finish(self, number: int, state: State, metrics: Metrics, spent: Metrics, why: str) -> None:
        """The end of a trial, or its pause. `metrics` of the run, for the constraints; `spent`
        (energy_j, duration_s) of all its attempts. Done without a point is failed."""
        with self._storage.exclusive():
            row = self._holding.row(number)
            if not row.finished:
                self._holding.check(row)
                self._end(row, state, {"metrics": metrics, "spent": spent, "why": why})

    def adopt(self) -> tuple[int, ...]:
        """Takes over the running trials whose worker is dead; their numbers."""
        return self._holding.adopt()

    def requeue(self, number: int, why: str) -> bool:
        """Gives one of this worker's trials back to be begun again by anybody (`take`), or fails it
        where its retries are used up; whether it waits now."""
        with self._storage.exclusive():
            row = self._holding.row(number)
            if row.finished:
                return False
            self._holding.check(row)
            attempts = row.attributes["job"]["attempts"]
            if attempts > self._retries:
                tried = f"{why} (tried {attempts} times)" if attempts > 1 else why
                self._end(row, "failed", {**row.attributes.get("end", {}), "why": tried})
                return False
            self._holding.change(row, owner=None, attempts=attempts + 1, queued=True)
            self._storage.move(row, "WAITING")
            return True

    def postpone(self, number: int, until_step: int, spent: Metrics) -> None:
        """Gives one of this worker's trials back to go on up to `until_step`; `take` offers it to
        anybody before a strategy is asked. No attempt is counted."""
        with self._storage.exclusive():
            row = self._holding.row(number)
            if row.finished:
                return
            self._holding.check(row)
            self._storage.set_attribute(
                row, "end", {**row.attributes.get("end", {}), "spent": spent}
            )
            self._holding.change(row, owner=None, planned=until_step, queued=True)
            self._storage.move(row, "WAITING")

    def recover(self) -> tuple[int, ...]:
        """Requeues what dead workers left; the numbers that wait to be begun again."""
        return tuple(
            number for number in self.adopt() if self.requeue(number, "the worker that ran it died")
        )

    def take(self) -> int | None:
        """A requeued trial, now this worker's; None where none waits. These come first: no strategy
        asks for them."""
        for row in sorted(self._storage.rows().values(), key=lambda each: each.number):
            job = row.attributes.get("job", {})
            if row.state == "WAITING" and job.get("queued"):
                try:
                    return self._holding.claim(row.number, job["planned"])
                except TrialTaken:
                    continue
        return None

    def spent(self) -> Spent:
        return self._reader.spent(self._storage.rows())

    def spent_up(self) -> str | None:
        """Why nothing more is to be begun; None where something is."""
        rows = self._storage.rows()
        why = self.budget.used_up(self._reader.spent(rows))
        if why is None and self._reader.exhausted(rows):
            return "every configuration of the space has run"
        return why

    def close(self) -> None:
        """Says goodbye: what this worker still runs is at once for others to adopt."""
        self._holding.goodbye()
        self._storage.close()

    def _agree(self, extend: bool) -> dict[str, str]:
        attributes = self._storage.study_attributes()
        told = attributes.get("definition")
        old = self.definition if told is None else Definition.of_json(told)
        self.definition.check_goes_on(old, self.name, extend)
        names = renamed(old.space, self._space, attributes.get("names", {}))
        if self.definition.as_json() != told:
            self._storage.set_study_attribute("names", names)
            self._storage.set_study_attribute("definition", self.definition.as_json())
        return names

    def _end(self, row: Row, state: State, end: Mapping[str, Any]) -> None:
        """The state comes last: whoever dies before leaves a running trial for others to adopt."""
        values = self._reader.values(row) if state == "done" else None
        if state == "done" and values is None:
            state, end = "failed", {**end, "why": end["why"] or "no point with every objective"}
        self._storage.set_attribute(row, "end", dict(end))
        if state == "paused":
            self._holding.change(row, owner=None, queued=False)
            self._storage.move(row, "WAITING")
            return
        if end.get("why"):
            self._storage.show_attribute(row, "why", end["why"])
        found = violations(self.definition.constraints, end.get("metrics", {}))
        if found:
            self._storage.set_constraints(row, {str(each): found[each] for each in found})
        self._storage.move(row, "COMPLETE" if state == "done" else "FAIL", values)
