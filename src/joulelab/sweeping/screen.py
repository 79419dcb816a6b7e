"""What a person sees of a sweep: front, hypervolume, money, and what runs now."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

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
SECOND_S, LINE_S = 1.0, 60.0
"""Between two pictures of a live screen, and two lines of one that is not, unless a trial ends."""


class Running(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def config(self) -> Mapping[str, Any]: ...
    @property
    def points(self) -> tuple[Point, ...]: ...


class SweepScreen:
    """Live on a terminal; on anything else a line whenever the front has grown or a trial ended."""

    def __init__(
        self,
        name: str,
        budget: float | None,
        unit: str,
        console: Console | None = None,
        left: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._left = left
        self._name, self._budget, self._unit = name, budget, unit
        self._display: LiveDisplay | None = None
        self._next_s, self._line, self._ended = 0.0, "", 0

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
        """Rarely enough that looking costs the sweep a twentieth of a core at most."""
        states = [trial.state for trial in history.trials.values()]
        ended = states.count("done") + states.count("failed") + states.count("paused")
        if time.monotonic() < self._next_s and (self._display or ended == self._ended):
            return
        start_s, self._ended = time.monotonic(), ended
        if self._display is not None:
            self._display.update(self.render(history, running), refresh=True)
        else:
            line = summary(history, self._budget, self._unit)
            if line != self._line:
                self._line = line
                self.console.print(line, markup=False, soft_wrap=True)
        least_s = SECOND_S if self._display is not None else LINE_S
        self._next_s = time.monotonic() + max(least_s, 20 * (time.monotonic() - start_s))

    def render(self, history: History, running: Sequence[Running]) -> RenderableType:
        parts: list[RenderableType] = [Text(self._name, style="bold")]
        if self._budget:
            bar = Table.grid()  # a bar alone does not end its line
            bar.add_row(ProgressBar(total=self._budget, completed=history.spent, width=40))
            parts.append(bar)
        parts.append(Text(summary(history, self._budget, self._unit)))
        if left := left_of(self._left()):
            parts.append(Text(f"left         {left}"))
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


def left_of(left: Mapping[str, float]) -> str:
    """`68 J, 2 min 3 s, 5 runs`."""
    shown_as: dict[str, Callable[[float], str]] = {
        "joules": lambda amount: si(amount, "J"),
        "seconds": duration,
        "runs": lambda amount: f"{amount:.0f} runs",
    }
    return ", ".join(shown_as[name](amount) for name, amount in left.items())


def summary(history: History, budget: float | None, unit: str) -> str:
    states = [trial.state for trial in history.trials.values()]
    spent = si(history.spent, unit) if unit else f"{history.spent:g}"
    of = f" of {si(budget, unit)}" if budget and unit else ""
    failed = f", {states.count('failed')} failed" if "failed" in states else ""
    failed += f", {states.count('paused')} paused" if "paused" in states else ""
    members = len(progress.front(history))
    return f"{states.count('done')} runs{failed}, {spent}{of} spent, {members} points on the front"


def front_table(history: History, rows: int = ROWS, probabilities: bool = False) -> Table:
    """The best trade-offs, cheapest first; of a long front evenly chosen ones. With `probabilities`
    how sure each of them is, where repeats tell."""
    table = Table(title="front", title_justify="left", title_style="bold")
    for objective in history.objectives:
        arrow = "↑" if objective.direction == "maximize" else "↓"
        table.add_column(f"{objective.name} {arrow}", justify="right")
    table.add_column("after", justify="right")
    table.add_column("trial", justify="right")
    table.add_column("configuration")
    members = progress.front(history, probabilities)
    sure = any(not math.isnan(each.probability) for each in members)
    if sure:
        table.add_column("on it", justify="right")
    for member in evenly(members, rows):
        values = [
            shown(objective, loss)
            for objective, loss in zip(history.objectives, member.losses, strict=True)
        ]
        told = [str(member.step), " ".join(map(str, member.numbers)), words(member.trial)]
        table.add_row(*values, *told, *[f"{member.probability:.0%}"] * sure)
    if len(members) > rows:
        table.caption = f"{rows} of {len(members)} points"
    return table


T = TypeVar("T")


def evenly(members: Sequence[T], rows: int) -> list[T]:
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
