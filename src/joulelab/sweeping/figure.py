"""The picture of a study: every curve, the front over them, and the hypervolume as money went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from joulelab.sweeping import progress
from joulelab.sweeping.settings import UNITS
from joulelab.sweeps.history import History, Objective

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "figure.dpi": 100,
}
CURVE, FRONT = "#9aa5b1", "#bd1f01"


def draw(history: History, folder: Path, unit: str) -> list[Path]:
    """Writes `front.png` and `front.svg`: the first two objectives, cost first, as they are."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if len(history.objectives) < 2:
        return []
    curve = progress.hypervolumes(history)
    with matplotlib.rc_context(STYLE):
        width = 11.0 if curve else 7.0
        figure = Figure(figsize=(width, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 2 if curve else 1, squeeze=False)[0]
        _front(panels[0], history)
        if curve:
            _hypervolume(panels[1], curve, unit)
        paths = [folder / "front.png", folder / "front.svg"]
        for path in paths:
            figure.savefig(path, dpi=150)
    return paths


def _front(axes: Any, history: History) -> None:
    across, up = _axes(history)
    for trial in history.trials.values():
        xs = [_value(history, across, point.losses) for point in trial.points]
        ys = [_value(history, up, point.losses) for point in trial.points]
        axes.plot(xs, ys, color=CURVE, linewidth=0.8, marker=".", markersize=3, zorder=2)
    members = progress.front(history)
    xs = [_value(history, across, member.losses) for member in members]
    ys = [_value(history, up, member.losses) for member in members]
    two = len(history.objectives) == 2
    axes.step(
        xs, ys, where="post", color=FRONT, linewidth=1.6 if two else 0, marker="o", zorder=3,
        markersize=4, label="front",
    )  # fmt: skip
    if xs and min(xs) > 0:
        _logarithmic(axes, UNITS.get(history.objectives[across].name, ""))
    axes.set_xlabel(_label(history.objectives[across]))
    axes.set_ylabel(_label(history.objectives[up]))
    axes.set_title(
        f"{len(history.trials)} runs, every point of every curve", loc="left", fontsize=11
    )
    axes.legend(frameon=False)


def _logarithmic(axes: Any, unit: str) -> None:
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(EngFormatter(unit=unit))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _hypervolume(axes: Any, curve: list[tuple[float, float]], unit: str) -> None:
    from matplotlib.ticker import EngFormatter, PercentFormatter

    axes.step(
        [spent for spent, _ in curve], [share for _, share in curve], where="post", color=FRONT
    )
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.xaxis.set_major_formatter(EngFormatter(unit=unit))
    axes.set_xlabel("spent on the search")
    axes.set_title("hypervolume, of what is reached now", loc="left", fontsize=11)


def _axes(history: History) -> tuple[int, int]:
    """The cost goes across where there is one."""
    across = next((i for i, each in enumerate(history.objectives) if each.cost), 0)
    return across, 1 if across == 0 else 0


def _value(history: History, index: int, losses: tuple[float, ...]) -> float:
    maximised = history.objectives[index].direction == "maximize"
    return -losses[index] if maximised else losses[index]


def _label(objective: Objective) -> str:
    better = "higher" if objective.direction == "maximize" else "lower"
    return f"{objective.name}  ({better} is better)"
