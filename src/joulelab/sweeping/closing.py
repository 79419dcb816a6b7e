"""The end of a sweep: its front as table and figure, and what the search cost beside a grid."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from joulelab.sweeping import screen
from joulelab.sweeps.grid import PER_INTERVAL, values
from joulelab.sweeps.history import History
from joulelab.sweeps.space import Choice, Parameter, Space
from joulelab.units import si


def grid_size(space: Space) -> int:
    """Configurations of the grid over the space: every choice, `PER_INTERVAL` values an interval,
    conditional parameters only where they are active."""
    return _count(dict(space.parameters), {})


def grid_cost(space: Space, history: History) -> float:
    """What that grid would cost at the mean cost of the runs that went as far as any of the same
    choices did, NaN without one. An estimate: nobody ran it."""
    by_choices: dict[Any, list[tuple[int, float]]] = {}
    for trial in history.trials.values():
        if trial.state == "done" and trial.points:
            chosen = tuple(
                (key, str(value))
                for key, value in trial.config.items()
                if isinstance(space.parameters.get(key), Choice)
            )
            paid = trial.points[-1].cost + trial.start_cost
            by_choices.setdefault(chosen, []).append((trial.points[-1].step, paid))
    means = [
        fmean(paid for step, paid in runs if step == max(runs)[0]) for runs in by_choices.values()
    ]
    return grid_size(space) * fmean(means) if means else math.nan


def close(
    console: Console, history: History, space: Space, folder: Path, why: str, unit: str
) -> None:
    """The table, the money and where the rest lies."""
    console.print(screen.front_table(history, probabilities=True))
    states = Counter(trial.state for trial in history.trials.values())
    other = ", ".join(f"{states[each]} {each}" for each in ("paused", "failed") if states[each])
    console.print(
        f"{len(history.trials)} runs{f' ({other})' if other else ''}; the search cost "
        f"{si(history.spent, unit)}; ended: {why}",
        soft_wrap=True,
        markup=False,
    )
    estimate = grid_cost(space, history)
    if not math.isnan(estimate):
        console.print(
            f"a grid of {grid_size(space)} configurations ({PER_INTERVAL} values an interval) would "
            f"have cost about {si(estimate, unit)} (estimated from the runs above)",
            soft_wrap=True,
            markup=False,
        )
    if any(trial.points for trial in history.trials.values()):
        from joulelab.sweeping.figure import draw

        for path in draw(history, folder, unit):
            console.print(f"front drawn in {path}", soft_wrap=True, markup=False)
    console.print(f"study kept in {folder}; the same command again goes on", soft_wrap=True)


def _count(parameters: dict[str, Parameter], chosen: Mapping[str, Any]) -> int:
    """Walks the choices that others depend on, multiplies the rest."""
    deciding = {key for each in parameters.values() for key in (each.when or {})}
    for key, parameter in parameters.items():
        if key in deciding and key not in chosen and isinstance(parameter, Choice):
            return sum(_count(parameters, {**chosen, key: option}) for option in parameter.options)
    total = 1
    for key, parameter in parameters.items():
        active = all(chosen.get(on) in allowed for on, allowed in (parameter.when or {}).items())
        if active and key not in chosen:
            total *= len(values(parameter))
    return total
