"""Trials straight out of Optuna's tables: five times quicker than through its models, which also
build the parameters and their distributions anew."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy

from joulelab.sweeps.storage import Row

TRIALS = "SELECT trial_id, number, state FROM trials WHERE study_id = :study"
ATTRIBUTES = """SELECT a.trial_id, a.key, a.value_json FROM trial_system_attributes a
JOIN trials ON trials.trial_id = a.trial_id
WHERE trials.study_id = :study AND a.key LIKE :own"""
CHANGED = " AND (trials.trial_id > :known OR trials.trial_id IN :open)"


def changed(
    engine: sqlalchemy.Engine, study: int, known: int, unfinished: Collection[int], own: str
) -> Iterator[Row]:
    """Trials of `study` with an id above `known` or among `unfinished`, by id."""
    values = {"study": study, "known": known, "open": list(unfinished), "own": own + "%"}
    partial = known >= 0
    with engine.connect() as connection:
        trials = connection.execute(_query(TRIALS, partial), _only(values, "own")).all()
        found: dict[int, dict[str, Any]] = {row[0]: {} for row in trials}
        for trial_id, key, text in connection.execute(_query(ATTRIBUTES, partial), values):
            # One that was created between the two questions is left to the next call.
            if trial_id in found:
                found[trial_id][key[len(own) :]] = json.loads(text)
    for trial_id, number, state in sorted(trials, key=lambda row: int(row[0])):
        yield Row(trial_id, number, state, found[trial_id])


def _query(text: str, partial: bool) -> sqlalchemy.TextClause:
    if not partial:
        return sqlalchemy.text(text)
    return sqlalchemy.text(text + CHANGED).bindparams(sqlalchemy.bindparam("open", expanding=True))


def _only(values: dict[str, Any], without: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != without}
