"""The picture of the trade-off: energy against quality, one panel a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures.placing import place_labels

MAX_PANELS = 6
FEW = 12
"""Up to so many points are all named; of more, the front alone."""
MARKERS = "osD^vPXp"
FRONT_COLOUR = "#444444"
PANEL_INCHES = (9.0, 5.2)
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "svg.fonttype": "none",
    "figure.dpi": 100,
}


def pareto(comparisons: Sequence[Comparison], folder: Path) -> list[Path]:
    """Writes `pareto.png` and `pareto.svg` into `folder` and returns their paths."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = comparisons[:MAX_PANELS]
    width, height = PANEL_INCHES
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height * len(shown)), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for axes, comparison in zip(panels, shown, strict=True):
            _panel(axes, comparison)
        figure.draw_without_rendering()
        for axes, comparison in zip(panels, shown, strict=True):
            _label(axes, comparison)
        paths = [folder / "pareto.png", folder / "pareto.svg"]
        for path in paths:
            figure.savefig(path, dpi=150)
    return paths


def _panel(axes: Any, comparison: Comparison) -> None:
    table, energy = comparison.table, comparison.energy
    colours = _colours(comparison)
    _draw_front(axes, comparison)
    for position, (model, group) in enumerate(table.groupby("model", dropna=False, sort=True)):
        for measured, part in group.groupby(group["provenance"] == "measured"):
            axes.errorbar(
                part[energy],
                part["quality"],
                xerr=part[f"{energy}_u"].fillna(0.0),
                yerr=part["quality_u"].fillna(0.0),
                fmt=MARKERS[position % len(MARKERS)],
                color=colours[str(model)],
                markerfacecolor=colours[str(model)] if measured else "white",
                markersize=7.5,
                markeredgewidth=1.6,
                elinewidth=1.2,
                capsize=3,
                zorder=3,
                label="_" + str(model),
            )
    _draw_baseline(axes, table)
    _draw_legend(axes, colours)
    _scale(axes, comparison)
    axes.set_title(_title(comparison), loc="left", fontweight="bold", fontsize=12, pad=34)
    axes.text(
        0, 1.015, _subtitle(comparison), transform=axes.transAxes, fontsize=9, color="#444444"
    )


def _draw_front(axes: Any, comparison: Comparison) -> None:
    front = comparison.table[comparison.table["front"]].sort_values(comparison.energy)
    if len(front) > 1:
        axes.step(
            front[comparison.energy],
            front["quality"],
            where="post",
            color=FRONT_COLOUR,
            linewidth=1.4,
            linestyle=(0, (5, 2)),
            zorder=2,
            label="front",
        )


def _draw_legend(axes: Any, colours: dict[str, Any]) -> None:
    """Beside the panel, where it covers nothing."""
    from matplotlib.lines import Line2D

    entries: list[Any] = [line for line in axes.get_lines() if line.get_label() == "front"]
    for position, (model, colour) in enumerate(colours.items()):
        marker = MARKERS[position % len(MARKERS)]
        entries.append(Line2D([], [], marker=marker, color=colour, linestyle="", label=model))
    axes.legend(handles=entries, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_baseline(axes: Any, table: Any) -> None:
    baseline = float(table["baseline"].mean())
    if math.isnan(baseline):
        return
    axes.axhline(baseline, color="#888888", linewidth=1.2, linestyle=":", zorder=1)
    axes.annotate(
        f"most frequent class, no joule: {baseline:.3g}",
        (1.0, baseline),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color="#666666",
    )


def _scale(axes: Any, comparison: Comparison) -> None:
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    energies = comparison.table[comparison.energy]
    low, high = float(energies.min()), float(energies.max())
    axes.margins(x=0.2, y=0.14)
    # A dynamic energy may be below zero: a logarithmic axis would hide that run.
    scale = "linear"
    if low > 0:
        scale = "logarithmic"
        axes.set_xscale("log")
        # At least a decade, so that noise does not look like a trend, and room for the labels.
        room = max(1.6, math.sqrt(10 * low / high))
        axes.set_xlim(low / room, high * room)
        wide = math.log10(high / low * room**2) > 3
        axes.xaxis.set_major_locator(LogLocator() if wide else LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    unit = "s" if comparison.energy.startswith("duration_s") else "J"
    axes.xaxis.set_major_formatter(EngFormatter(unit=unit))
    better = "higher" if comparison.direction == "max" else "lower"
    axes.set_ylabel(f"{comparison.quality}  ({better} is better)")
    axes.set_xlabel(f"{comparison.energy} of a run  (less is better, {scale} scale)")


def _title(comparison: Comparison) -> str:
    synthetic = " (SYNTHETIC data)" if comparison.table["synthetic"].any() else ""
    return f"Energy and quality on {comparison.data}{synthetic}"


def _subtitle(comparison: Comparison) -> str:
    """n, provenance and what the bars are: a figure that travels alone must say so."""
    table = comparison.table
    low, high = int(table["n"].min()), int(table["n"].max())
    n = f"n = {low}" if low == high else f"n = {low} to {high}"
    kinds = {
        "measured": "energy measured",
        "estimated": "energy ESTIMATED, not measured (open markers)",
    }
    provenances = sorted(table["provenance"].dropna().unique(), reverse=True)
    energy = ", ".join(kinds.get(kind, f"energy {kind}") for kind in provenances)
    sources = table["headline"].dropna().unique()
    if len(sources) == 1 and len(sources[0]) <= 32:
        energy = energy.replace("energy measured", f"energy measured by {sources[0]}")
    runs = f"{n} run{'' if high == 1 else 's'} each"
    bars = "± one standard uncertainty" + (" (of quality: unknown)" if high == 1 else "")
    return f"{energy}\n{runs} · bars: {bars}"


def _colours(comparison: Comparison) -> dict[str, Any]:
    """A colour a model out of ten that people with any colour vision tell apart (Petroff,
    arXiv:2107.02270); markers differ as well."""
    import matplotlib

    cycle = matplotlib.color_sequences["petroff10"]
    models = sorted({str(model) for model in comparison.table["model"]})
    return {model: cycle[index % len(cycle)] for index, model in enumerate(models)}


def _label(axes: Any, comparison: Comparison) -> None:
    """Names the ends of the front, then the rest of it, then the others, while there is room."""
    table = comparison.table
    front = table.index[table["front"]]
    ends = {front[0], front[-1]}
    order = sorted(table.index, key=lambda i: (i not in ends, i not in front))
    table = table.loc[order if len(order) <= FEW else order[: len(front)]]
    columns = [comparison.energy, "quality"]
    marks = axes.transData.transform(comparison.table[columns].to_numpy(dtype=float))
    points = axes.transData.transform(table[columns].to_numpy(dtype=float))
    names = [
        name.removeprefix("model=") + (f"  (n={n})" if table["n"].nunique() > 1 else "")
        for name, n in zip(table["configuration"], table["n"], strict=True)
    ]
    lines = [line.get_xydata() for line in axes.get_lines() if line.get_label() == "front"]
    steps = [axes.transData.transform(_corners(line)) for line in lines]
    place_labels(axes, points, names, table["front"].tolist(), marks, steps)


def _corners(front: Any) -> Any:
    """(2 n - 1, 2): the points of a front and the corners between them, energy first."""
    corners = np.repeat(front, 2, axis=0)[:-1]
    corners[1::2, 0] = front[1:, 0]
    return corners
