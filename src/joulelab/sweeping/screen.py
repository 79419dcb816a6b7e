"""What a person sees of a sweep: front, hypervolume, money, and what runs now."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live as LiveDisplay
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from joulelab.sweeping import progress
from joulelab.sweeps.history import History, Objective, Point, Trial
from joulelab.units import duration, si

ROWS = 12
UNITS = {"energy": "J", "duration": "s", "power": "W", "memory": "B"}
SECOND_S = 1.0


class Running(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def config(self) -> Mapping[str, Any]: ...
    @property
    def points(self) -> tuple[Point, ...]: ...


class SweepScreen:
    """Live on a terminal; on anything else a line whenever the front has grown or a trial ended."""

    def __init__(self, name: str, budget: float | None, unit: str, console: Console | None = None):
        self.console = console or Console(stderr=True, highlight=False)
        self._name, self._budget, self._unit = name, budget, unit
        self._display: LiveDisplay | None = None
        self._next_s, self._line = 0.0, ""

    def __enter__(self) -> SweepScreen:
        if self.console.is_terminal:
            self._display = LiveDisplay(console=self.console, auto_refresh=False, transient=True)
            self._display.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._display is not None:
            self._display.stop()
            self._display = None

    def say(self, sentence: str) -> None:
        self.console.print(f"joulelab: {sentence}", style="yellow", markup=False, soft_wrap=True)

    def show(self, history: History, running: Sequence[Running]) -> None:
        if self._display is not None:
            if time.monotonic() >= self._next_s:
                self._next_s = time.monotonic() + SECOND_S
                self._display.update(self.render(history, running), refresh=True)
            return
        line = summary(history, self._budget, self._unit)
        if line != self._line:
            self._line = line
            self.console.print(line, markup=False, soft_wrap=True)

    def render(self, history: History, running: Sequence[Running]) -> RenderableType:
        parts: list[RenderableType] = [Text(self._name, style="bold")]
        if self._budget:
            parts.append(ProgressBar(total=self._budget, completed=history.spent, width=40))
        parts.append(Text(summary(history, self._budget, self._unit)))
        curve = progress.hypervolumes(history)
        if curve:
            parts.append(Text(f"hypervolume  {progress.sparkline([share for _, share in curve])}"))
            parts += [Text(line, style="dim") for line in [next_money(curve, self)] if line]
        parts.append(front_table(history))
        for each in running:
            parts.append(Text(_at_work(history, each), style="cyan"))
        return Group(*parts)

    @property
    def unit(self) -> str:
        return self._unit


def next_money(curve: Sequence[tuple[float, float]], screen: SweepScreen) -> str:
    """A tenth of what was spent, and what it would add were the recent pace to last."""
    tenth = curve[-1][0] / 10
    outlook = progress.outlook(curve, tenth)
    if outlook is None:
        return ""
    cost = si(tenth, screen.unit)
    return f"the next {cost} would add {outlook.share:.1%} at the recent pace, an upper bound"


def summary(history: History, budget: float | None, unit: str) -> str:
    states = [trial.state for trial in history.trials.values()]
    spent = si(history.spent, unit) if unit else f"{history.spent:g}"
    of = f" of {si(budget, unit)}" if budget and unit else ""
    failed = f", {states.count('failed')} failed" if "failed" in states else ""
    members = len(progress.front(history))
    return f"{states.count('done')} runs{failed}, {spent}{of} spent, {members} points on the front"


def front_table(history: History, rows: int = ROWS) -> Table:
    """The best trade-offs, cheapest first; of a long front evenly chosen ones."""
    table = Table(title="front", title_justify="left", title_style="bold")
    for objective in history.objectives:
        arrow = "↑" if objective.direction == "maximize" else "↓"
        table.add_column(f"{objective.name} {arrow}", justify="right")
    table.add_column("after", justify="right")
    table.add_column("trial", justify="right")
    table.add_column("configuration")
    members = progress.front(history)
    for member in evenly(members, rows):
        values = [
            shown(objective, loss)
            for objective, loss in zip(history.objectives, member.point.losses, strict=True)
        ]
        table.add_row(
            *values, str(member.point.step), str(member.trial.number), words(member.trial)
        )
    if len(members) > rows:
        table.caption = f"{rows} of {len(members)} points"
    return table


def evenly(members: Sequence[progress.Member], rows: int) -> list[progress.Member]:
    if len(members) <= rows:
        return list(members)
    return [members[round(i * (len(members) - 1) / (rows - 1))] for i in range(rows)]


def shown(objective: Objective, loss: float) -> str:
    value = -loss if objective.direction == "maximize" else loss
    unit = UNITS.get(objective.name.partition("_")[0])
    if unit == "s":
        return duration(value)
    return si(value, unit) if unit else f"{value:.4g}"


def words(trial: Trial) -> str:
    return configuration(trial.config)


def configuration(config: Mapping[str, Any]) -> str:
    return " ".join(
        f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in config.items()
    )


def _at_work(history: History, running: Running) -> str:
    if not running.points:
        return f"▶ {running.number}  {configuration(running.config)}  no point yet"
    last = running.points[-1]
    values = " ".join(
        shown(objective, loss)
        for objective, loss in zip(history.objectives, last.losses, strict=True)
        if not math.isnan(loss)
    )
    return f"▶ {running.number}  {configuration(running.config)}  step {last.step}: {values}"
