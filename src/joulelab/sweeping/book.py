"""The study on disk, as the loop speaks to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from joulelab.errors import ConfigError
from joulelab.records import Metrics
from joulelab.sweeping.settings import Settings
from joulelab.sweeps.budget import Spent
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import History, Point, Proposal, State
from joulelab.sweeps.holding import TrialTaken
from joulelab.sweeps.opening import url_of
from joulelab.sweeps.study import Study


class StudyBook:
    """A study in the storage that the settings name, in the folder by default."""

    def __init__(
        self, study: Study, work_of: Callable[[Mapping[str, Any]], str] = lambda config: ""
    ) -> None:
        self._study, self._work_of = study, work_of

    @classmethod
    def open(
        cls,
        folder: Path,
        settings: Settings,
        definition: Definition,
        work_of: Callable[[Mapping[str, Any]], str] = lambda config: "",
    ) -> StudyBook:
        """`work_of` a configuration is equal for those that do the same work."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"cannot write there: {error.strerror}",
                where=str(folder),
                cure="say paths.multirun=... for a folder that can be written",
            ) from error
        return cls(
            Study(
                url_of(settings.storage, folder.resolve()),
                folder.name,
                definition,
                settings.budget,
                retries=settings.retries,
                extend=settings.extend,
            ),
            work_of,
        )

    def history(self) -> History:
        return self._study.history()

    def begin(self, proposal: Proposal) -> int | None:
        try:
            work = "" if proposal.config is None else self._work_of(proposal.config)
            return self._study.begin(proposal, proposal.repeat, work)
        except TrialTaken:
            return None

    def adopt(self) -> Sequence[int]:
        return self._study.adopt()

    def take(self) -> int | None:
        return self._study.take()

    def requeue(self, number: int, why: str) -> bool:
        return self._study.requeue(number, why)

    def postpone(self, number: int, until_step: int, spent: Metrics) -> None:
        self._study.postpone(number, until_step, spent)

    def report(self, number: int, points: Sequence[Point]) -> None:
        self._study.report(number, points)

    def finish(self, number: int, state: State, metrics: Metrics, spent: Metrics, why: str) -> None:
        self._study.finish(number, state, metrics, spent, why)

    def spent_up(self) -> str | None:
        return self._study.spent_up()

    def spent(self) -> Spent:
        return self._study.spent()

    def left(self) -> dict[str, float]:
        """Of each limit of the budget, by name."""
        return self._study.budget.left(self._study.spent())

    @property
    def uid(self) -> str:
        return self._study.uid

    def overdrawn(self) -> bool:
        spent = replace(self._study.spent(), runs=0)
        return self._study.budget.used_up(spent) is not None

    def close(self) -> None:
        self._study.close()
