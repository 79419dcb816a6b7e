"""One study in one of Optuna's storages: SQLite, PostgreSQL, or a journal file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from joulelab.sweeps import locks
from joulelab.sweeps.history import Direction
from joulelab.sweeps.opening import opened, translated

OWN = "joulelab:"


@dataclass(frozen=True, slots=True)
class Row:
    """One trial as stored; `attributes` without the prefix. Finished ones never change."""

    id: int
    number: int
    state: str
    attributes: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        return self.state not in ("RUNNING", "WAITING")


class Storage:
    """Errors: ConfigError for a missing driver, StoreUnreachable where nobody answers or the file
    stays locked, StoreError where the disk is full. What was written before stays."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        with translated(self.url):
            self._optuna = opened(url)
        self._rows: dict[int, Row] = {}
        self._open: set[int] = set()
        self._id = -1

    def create_study(self, directions: Sequence[Direction], metrics: Sequence[str]) -> None:
        """Does nothing where the study exists."""
        import warnings

        import optuna

        with translated(self.url), warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = optuna.create_study(
                storage=self._optuna,
                study_name=self.name,
                directions=list(directions),
                load_if_exists=True,
                sampler=optuna.samplers.RandomSampler(),
            )
            if len(study.directions) == len(metrics) and not study.metric_names:
                study.set_metric_names(list(metrics))
            self._study = study
            self._id = self._optuna.get_study_id_from_name(self.name)

    def exclusive(self) -> AbstractContextManager[None]:
        """Alone in this study among all sweepers; held for milliseconds."""
        return locks.exclusive(self.url, self.name, getattr(self._optuna, "engine", None))

    def study_attributes(self) -> dict[str, Any]:
        with translated(self.url):
            return _own(self._optuna.get_study_system_attrs(self._id))

    def set_study_attribute(self, key: str, value: Any) -> None:
        with translated(self.url):
            self._optuna.set_study_system_attr(self._id, OWN + key, value)

    def create(
        self,
        params: Mapping[str, Any],
        distributions: Mapping[str, Any],
        attributes: Mapping[str, Any],
        values: Sequence[float] | None = None,
    ) -> int:
        """A running trial, with `values` one that is complete; its number, given once."""
        from optuna.trial import TrialState, create_trial

        template = create_trial(
            state=TrialState.RUNNING if values is None else TrialState.COMPLETE,
            values=values,
            params=dict(params),
            distributions=dict(distributions),
            system_attrs={OWN + key: value for key, value in attributes.items()},
        )
        with translated(self.url):
            trial_id = self._optuna.create_new_trial(self._id, template)
        return next(row.number for row in self.rows().values() if row.id == trial_id)

    def rows(self) -> Mapping[int, Row]:
        """By number. Only what may have changed since the last call is read."""
        with translated(self.url):
            for row in self._changed():
                self._rows[row.number] = row
                (self._open.discard if row.finished else self._open.add)(row.id)
        return self._rows

    def set_attribute(self, row: Row, key: str, value: Any) -> None:
        with translated(self.url):
            self._optuna.set_trial_system_attr(row.id, OWN + key, value)

    def show_attribute(self, row: Row, key: str, value: Any) -> None:
        """One that Optuna's own tools show too."""
        with translated(self.url):
            self._optuna.set_trial_user_attr(row.id, key, value)

    def set_constraints(self, row: Row, violations: Mapping[str, float]) -> None:
        from optuna.trial import Trial

        with translated(self.url):
            trial = Trial(self._study, row.id)
            for key in violations.keys() - trial.storage.get_trial(row.id).constraints.keys():
                trial.set_constraint(key, violations[key])

    def move(self, row: Row, state: str, values: Sequence[float] | None = None) -> None:
        from optuna.trial import TrialState

        with translated(self.url):
            self._optuna.set_trial_state_values(row.id, TrialState[state], values)

    def close(self) -> None:
        engine = getattr(self._optuna, "engine", None)
        if engine is not None:
            self._optuna.remove_session()
            engine.dispose()

    def _changed(self) -> Iterator[Row]:
        if getattr(self._optuna, "engine", None) is not None:
            from joulelab.sweeps.rows import changed

            known = max((row.id for row in self._rows.values()), default=-1)
            yield from changed(self._optuna.engine, self._id, known, self._open, OWN)  # type: ignore[attr-defined]
            return
        for trial in self._optuna.get_all_trials(self._id, deepcopy=False):
            old = self._rows.get(trial.number)
            if old is None or not old.finished:
                attributes = _own(trial.system_attrs)
                yield Row(trial._trial_id, trial.number, trial.state.name, attributes)


def _own(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key[len(OWN) :]: value for key, value in attributes.items() if key.startswith(OWN)}
