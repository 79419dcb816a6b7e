"""`joulelab sweep status|front|export`: a study looked at from outside, also while it runs."""

from __future__ import annotations

import csv
import difflib
import json
from collections import Counter
from pathlib import Path
from typing import Literal

from rich.console import Console

from joulelab.errors import ConfigError
from joulelab.sweeping import progress, screen
from joulelab.sweeping.figure import draw
from joulelab.sweeping.settings import UNITS
from joulelab.sweeps.history import History, Point
from joulelab.sweeps.objectives import parse_constraints
from joulelab.sweeps.opening import url_of
from joulelab.sweeps.viewing import View, view
from joulelab.units import duration, si

What = Literal["status", "front", "export"]
GIVEN = "sweep.json"
"""In a study's folder: the words that were said to the sweeper last."""


def keep(folder: Path, words: list[str], storage: str | None, constraints: list[str]) -> None:
    said = {"overrides": words, "storage": storage, "constraints": constraints}
    (folder / GIVEN).write_text(json.dumps(said, indent=1), encoding="utf-8")


def show(what: What, study: str, multirun: str, storage: str | None) -> None:
    """Prints it, or writes the tables and figures of `export` into the study's folder. ConfigError
    where there is no such study."""
    folder = (Path(multirun) / study).resolve()
    if not (folder / GIVEN).exists():
        _refuse(folder)
    said = json.loads((folder / GIVEN).read_text(encoding="utf-8"))
    url = url_of(storage or said["storage"], folder)
    seen = view(url, study, parse_constraints(said["constraints"]))
    console = Console(highlight=False)
    if what == "status":
        _status(console, seen, study)
    elif what == "front":
        console.print(screen.front_table(seen.history, rows=10**6))
    else:
        for path in _export(seen, folder):
            console.print(str(path), soft_wrap=True, markup=False)


def _refuse(folder: Path) -> None:
    known = [path.parent.name for path in folder.parent.glob(f"*/{GIVEN}")]
    near = difflib.get_close_matches(folder.name, known, 1, 0.4)
    cure = f"did you mean {near[0]}?" if near else f"looked in {folder.parent}"
    raise ConfigError("there is no such study", where=folder.name, cure=cure)


def _status(console: Console, seen: View, study: str) -> None:
    history, unit = seen.history, UNITS[seen.definition.cost]
    running = [trial for trial in history.trials.values() if trial.state == "running"]
    display = screen.SweepScreen(study, None, unit, console)
    console.print(display.render(history, running))
    states = Counter(trial.state for trial in history.trials.values())
    console.print(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    console.print(f"spent: {si(seen.spent.joules, 'J')}, {duration(seen.spent.seconds)} of runs")


def _export(seen: View, folder: Path) -> list[Path]:
    """Every point of every curve, the front, the hypervolume over what was spent, and the figure."""
    history = seen.history
    names = [objective.name for objective in history.objectives]
    keys = list(seen.definition.space.parameters)
    points = [
        [
            trial.number,
            trial.state,
            point.step,
            *_values(history, point),
            *_chosen(trial.config, keys),
        ]
        for trial in history.trials.values()
        for point in trial.points
    ]
    front = [
        [
            member.trial.number,
            member.trial.state,
            member.point.step,
            *_values(history, member.point),
            *_chosen(member.trial.config, keys),
        ]
        for member in progress.front(history)
    ]
    header = ["trial", "state", "step", *names, *keys]
    written = [
        _table(folder / "points.csv", header, points),
        _table(folder / "front.csv", header, front),
        _table(
            folder / "hypervolume.csv",
            ["spent", "share"],
            [list(each) for each in progress.hypervolumes(history)],
        ),
    ]
    return [*written, *draw(history, folder, UNITS[seen.definition.cost])]


def _values(history: History, point: Point) -> list[float]:
    return [
        -loss if objective.direction == "maximize" else loss
        for objective, loss in zip(history.objectives, point.losses, strict=True)
    ]


def _chosen(config: object, keys: list[str]) -> list[object]:
    return [config.get(key) for key in keys] if isinstance(config, dict) else []


def _table(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    return path
