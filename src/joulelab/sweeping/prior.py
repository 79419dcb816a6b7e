"""`sweep.prior`: what is known before the first run, as configurations to try first.

- the name of an earlier study, or a path to its `export.json`, `front.csv` or `points.csv` (any CSV
  with a column a parameter and a column an objective will do): its front;
- a node with `_target_`: something that is called with a configuration (key -> value) and answers
  what it expects of it (objective -> value, as a person reads them): the front of 512 evenly spread
  configurations as it expects it;
- a list of these.

Of each at most eight, evenly along its front; all together cheapest first.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from joulelab import build
from joulelab.errors import ConfigError
from joulelab.stats.front import non_dominated
from joulelab.sweeping import progress
from joulelab.sweeping.screen import evenly
from joulelab.sweeping.showing import look
from joulelab.sweeps.history import Objective
from joulelab.sweeps.space import Choice, Integer, Space
from joulelab.sweeps.trajectory.start import sobol

MOST, ASKED = 8, 512
WHERE = "sweep.prior"


class Known(NamedTuple):
    """A configuration and its losses, smaller is better."""

    config: Mapping[str, Any]
    losses: tuple[float, ...]


def configurations(
    given: Any, space: Space, objectives: Sequence[Objective], multirun: Path
) -> list[Mapping[str, Any]]:
    """To be tried first, cheapest first. ConfigError where there is no such study or file, where it
    says nothing of an objective, or nothing of it lies in the space."""
    sources = given if isinstance(given, list) else [given]
    by = next((index for index, each in enumerate(objectives) if each.cost), 0)
    found: list[Known] = []
    for source in sources:
        front = _front(source, space, objectives, multirun)
        found += evenly(sorted(front, key=lambda each: each.losses[by]), MOST)
    unique = {space.key(each.config): each for each in reversed(found)}
    return [each.config for each in sorted(unique.values(), key=lambda each: each.losses[by])]


def _front(
    source: Any, space: Space, objectives: Sequence[Objective], multirun: Path
) -> list[Known]:
    if isinstance(source, Mapping):
        if "_target_" not in source:
            raise ConfigError("a prior that is a node names a _target_", where=WHERE)
        every = list(_expected(build.build(dict(source), WHERE), space, objectives))
    else:
        every = list(_told(str(source), space, objectives, multirun))
    losses = np.array([each.losses for each in every]).reshape(len(every), len(objectives))
    chosen = non_dominated(losses, ["min"] * len(objectives)).members
    front = [each for each, member in zip(every, chosen, strict=True) if member]
    return list({each.losses: each for each in reversed(front)}.values())


def _expected(
    predict: Callable[[Mapping[str, Any]], Mapping[str, float]],
    space: Space,
    objectives: Sequence[Objective],
) -> Iterator[Known]:
    if not callable(predict):
        raise ConfigError("what _target_ makes cannot be called", where=WHERE)
    for index in range(ASKED):
        config = space.from_unit(tuple(sobol(space.size, index, 0).tolist()))
        yield Known(config, _losses(predict(config), objectives, WHERE))


def _told(
    source: str, space: Space, objectives: Sequence[Objective], multirun: Path
) -> Iterator[Known]:
    where = f"{WHERE}={source}"
    rows = list(_rows(source, objectives, multirun))
    fitting = [(row, config) for row in rows if (config := _config(row, space)) is not None]
    if not fitting:
        raise ConfigError(
            f"none of its {len(rows)} configurations lies in this space",
            where=where,
            cure="leave it out, or search where they lie",
        )
    for row, config in fitting:
        yield Known(config, _losses(row, objectives, where))


def _rows(
    source: str, objectives: Sequence[Objective], multirun: Path
) -> Iterator[Mapping[str, Any]]:
    path = Path(source)
    if not path.is_file():
        seen = look(source, str(multirun), None, WHERE)
        for member in progress.front(seen.history):
            yield {**member.trial.config, **_read(seen.history.objectives, member.losses)}
        return
    try:
        if path.suffix == ".json":
            yield from json.loads(path.read_text(encoding="utf-8"))["front"]
        else:
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"cannot be read as an export ({type(error).__name__})",
            where=f"{WHERE}={source}",
            cure="name an export.json, front.csv or points.csv of joulelab sweep export",
        ) from error


def _read(objectives: Sequence[Objective], losses: Sequence[float]) -> dict[str, float]:
    return {
        each.name: -loss if each.direction == "maximize" else loss
        for each, loss in zip(objectives, losses, strict=True)
    }


def _config(row: Mapping[str, Any], space: Space) -> dict[str, Any] | None:
    """The row's configuration; None where the space does not hold it."""
    values: dict[str, Any] = {}
    for key, parameter in space.parameters.items():
        text = row.get(key)
        if text is None or text == "":
            continue
        if isinstance(parameter, Choice):
            values[key] = next((each for each in parameter.options if str(each) == str(text)), None)
        else:
            try:
                number = float(text)
            except ValueError:
                return None
            whole = isinstance(parameter, Integer) and number == int(number)
            values[key] = int(number) if whole else number
    try:
        config = {key: values[key] for key in space.active(values)}
        space.to_unit(config)
    except (ConfigError, KeyError):
        return None
    return config


def _losses(
    row: Mapping[str, Any], objectives: Sequence[Objective], where: str
) -> tuple[float, ...]:
    try:
        values = [float(row[each.name]) for each in objectives]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"says nothing of {error.args[0]}", where=where) from None
    return tuple(
        -value if each.direction == "maximize" else value
        for each, value in zip(objectives, values, strict=True)
    )
