"""A study as somebody sees it who does not work on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from joulelab.errors import ConfigError
from joulelab.sweeps.budget import Spent
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import History
from joulelab.sweeps.objectives import Constraint
from joulelab.sweeps.opening import opened, translated
from joulelab.sweeps.reading import Reader
from joulelab.sweeps.storage import Storage


@dataclass(frozen=True)
class View:
    definition: Definition
    history: History
    spent: Spent


def view(url: str, name: str, constraints: Sequence[Constraint] = ()) -> View:
    """The study as it is now; ConfigError where there is none of this name."""
    import optuna

    with translated(url):
        known = optuna.get_all_study_names(storage=opened(url))
    if name not in known:
        others = f"known are {', '.join(sorted(known))}" if known else "there is none"
        raise ConfigError("there is no such study", where=name, cure=others)
    storage = Storage(url, name)
    storage.create_study(["minimize"], [])
    try:
        found = Definition.of_json(storage.study_attributes()["definition"])
        definition = replace(found, constraints=tuple(constraints))
        reader, rows = Reader(definition), storage.rows()
        return View(definition, reader.history(rows), reader.spent(rows))
    finally:
        storage.close()
