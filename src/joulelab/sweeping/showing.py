"""`joulelab sweep status|front|export`: a study looked at from outside, also while it runs."""

from __future__ import annotations

import difflib
import json
import time
from collections import Counter
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.live import Live

from joulelab.errors import ConfigError
from joulelab.sweeping import screen
from joulelab.sweeping.exporting import export
from joulelab.sweeping.figure import draw
from joulelab.sweeping.settings import UNITS
from joulelab.sweeps.objectives import parse_constraints
from joulelab.sweeps.opening import url_of
from joulelab.sweeps.viewing import View, view
from joulelab.units import duration, si

WATCH_S = 3.0
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
    seen = look(study, multirun, storage)
    console = Console(highlight=False)
    if what == "status":
        _status(console, seen, study)
    elif what == "front":
        console.print(screen.front_table(seen.history, rows=10**6, probabilities=True))
    else:
        written = export(seen.history, seen.definition, seen.spent, folder)
        for path in [*written, *draw(seen.history, folder, UNITS[seen.definition.cost])]:
            console.print(str(path), soft_wrap=True, markup=False)


def watch(study: str, multirun: str, storage: str | None) -> None:
    """The status again and again, until Ctrl-C or until nothing runs any more."""
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            seen = look(study, multirun, storage)
            running = [each for each in seen.history.trials.values() if each.state == "running"]
            display = screen.SweepScreen(study, None, UNITS[seen.definition.cost], console)
            live.update(display.render(seen.history, running), refresh=True)
            if not running:
                return
            time.sleep(WATCH_S)


def look(study: str, multirun: str, storage: str | None, where: str | None = None) -> View:
    """The study as it is now; ConfigError, of `where`, where there is none."""
    folder = (Path(multirun) / study).resolve()
    if not (folder / GIVEN).exists():
        _refuse(folder, where)
    said = json.loads((folder / GIVEN).read_text(encoding="utf-8"))
    url = url_of(storage or said["storage"], folder)
    return view(url, study, parse_constraints(said["constraints"]))


def _refuse(folder: Path, where: str | None) -> None:
    known = [path.parent.name for path in folder.parent.glob(f"*/{GIVEN}")]
    near = difflib.get_close_matches(folder.name, known, 1, 0.4)
    cure = f"did you mean {near[0]}?" if near else f"looked in {folder.parent}"
    named = f"{where}={folder.name}" if where else folder.name
    raise ConfigError("there is no such study", where=named, cure=cure)


def _status(console: Console, seen: View, study: str) -> None:
    history, unit = seen.history, UNITS[seen.definition.cost]
    running = [trial for trial in history.trials.values() if trial.state == "running"]
    display = screen.SweepScreen(study, None, unit, console)
    console.print(display.render(history, running))
    states = Counter(trial.state for trial in history.trials.values())
    console.print(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    console.print(f"spent: {si(seen.spent.joules, 'J')}, {duration(seen.spent.seconds)} of runs")
