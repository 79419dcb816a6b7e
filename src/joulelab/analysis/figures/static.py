"""Figures for paper: PNG and SVG, by matplotlib."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.analysis.figures import palette, spec
from joulelab.analysis.figures.placing import place_labels
from joulelab.analysis.figures.spec import Axis, Figure, Panel
from joulelab.analysis.figures.static_marks import DASHES, Pen, shortened

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "joulelab",
}
WIDE, HIGH = 8.6, 4.8
"""Inches of a panel that stands alone; of several, WIDE holds two."""
CAPTION_WIDTH = 118
DPI = 130
MOST_IN_LEGEND = 14


def write(figure: Figure, folder: Path) -> list[Path]:
    """Writes `<name>.png` and `<name>.svg` into `folder` and returns their paths."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        drawn = draw(figure)
        paths = [folder / f"{figure.name}.{kind}" for kind in ("png", "svg")]
        drawn.savefig(paths[0], dpi=DPI)
        drawn.savefig(paths[1], metadata={"Date": None})
    return paths


def picture(figure: Figure, path: Path) -> Path:
    """One file; the ending says which kind."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        draw(figure).savefig(path, dpi=DPI)
    return path


def draw(figure: Figure) -> Any:
    """A matplotlib figure with title, panels, legend and caption."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    columns = min(len(figure.panels), figure.columns)
    rows = math.ceil(len(figure.panels) / columns)
    caption = textwrap.fill(figure.legend, CAPTION_WIDTH)
    width = WIDE if columns == 1 else WIDE * 0.62 * columns
    # Text keeps its size: inches of the panels plus inches of the lines around them.
    heights = [_height(panel, columns) for panel in figure.panels]
    tall = sum(max(heights[i : i + columns]) for i in range(0, len(heights), columns))
    canvas = Canvas(figsize=(width, tall + 0.45 + 0.2 * caption.count("\n")), layout="constrained")
    FigureCanvasAgg(canvas)
    canvas.suptitle(figure.title, x=0.01, ha="left", fontweight="bold", fontsize=12)
    grid = canvas.subplots(rows, columns, squeeze=False).ravel()
    order = palette.places(figure)
    for axes, panel in zip(grid, figure.panels, strict=False):
        _panel(axes, panel, order)
    for axes in grid[len(figure.panels) :]:
        axes.set_axis_off()
    _legend(canvas, figure, order)
    canvas.supxlabel(caption, x=0.01, ha="left", fontsize=8.5, color="#444444")
    canvas.draw_without_rendering()
    for axes, panel in zip(grid, figure.panels, strict=False):
        _labels(axes, panel)
    # Found once; each file would search for the same layout again, at most of the cost of a figure.
    canvas.set_layout_engine("none")
    return canvas


def _height(panel: Panel, columns: int) -> float:
    base = HIGH if columns == 1 else HIGH * 0.72
    rows = [len(mark.labels) for mark in panel.marks if isinstance(mark, spec.Bars)]
    horizontal = any(isinstance(mark, spec.Bars) and mark.horizontal for mark in panel.marks)
    if rows and horizontal:
        return 1.1 + 0.34 * max(rows)
    cells = [len(mark.rows) for mark in panel.marks if isinstance(mark, spec.HeatMap)]
    if cells:
        return 1.9 + 0.36 * max(cells)
    return base * (1.15 if panel.square else 1.0)


def _panel(axes: Any, panel: Panel, order: dict[str, int]) -> None:
    pen = Pen(axes, panel, order)
    # Spans ask for the limits that the other marks leave.
    for mark in sorted(panel.marks, key=lambda mark: isinstance(mark, spec.Spans)):
        if isinstance(mark, spec.Spans):
            axes.margins(x=0)
        pen.draw(mark)
    scaled(axes, "x", panel.x, panel)
    scaled(axes, "y", panel.y, panel)
    above = 18 if any(isinstance(mark, spec.Spans) for mark in panel.marks) else 6
    if panel.title:
        axes.set_title(shortened(panel.title, 70), loc="left", fontsize=10, pad=above)
    if panel.square:
        axes.set_aspect("equal", adjustable="box")


def scaled(axes: Any, which: str, axis: Axis, panel: Panel) -> None:
    """Scale, limits, ticks and title of one axis."""
    from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, NullFormatter

    getattr(axes, f"set_{which}label")(axis.title)
    ticks = getattr(axes, f"{which}axis")
    categories = any(
        isinstance(mark, spec.HeatMap)
        or (isinstance(mark, spec.Bars) and mark.horizontal == (which == "y"))
        for mark in panel.marks
    )
    if categories:
        return
    if axis.scale == "log":
        getattr(axes, f"set_{which}scale")("log")
        low, high = _wide(axes, which)
        decades = math.log10(high / low) > 2.5
        ticks.set_major_locator(LogLocator() if decades else LogLocator(subs=(1.0, 2.0, 5.0)))
        ticks.set_minor_formatter(NullFormatter())
    if axis.unit == "%":
        ticks.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))
    elif axis.unit or axis.scale == "log":
        ticks.set_major_formatter(EngFormatter(unit=axis.unit))
    if axis.low is not None or axis.high is not None:
        getattr(axes, f"set_{which}lim")(axis.low, axis.high)
    if axis.hide_numbers:
        ticks.set_major_formatter(NullFormatter())


def _wide(axes: Any, which: str) -> tuple[float, float]:
    """Limits of a logarithmic axis: at least a decade, so that noise does not look like a trend."""
    low, high = getattr(axes, f"get_{which}lim")()
    if not (0 < low < high):
        return 1.0, 10.0
    room = max(1.0, math.sqrt(10 * low / high))
    low, high = low / room, high * room
    getattr(axes, f"set_{which}lim")(low, high)
    return low, high


def _legend(canvas: Any, figure: Figure, order: dict[str, int]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: dict[str, Any] = {}
    for panel in figure.panels:
        for mark in panel.marks:
            name = getattr(mark, "name", "")
            if not name or name in entries:
                continue
            colour = palette.colour(mark.colour, name, order)  # type: ignore[union-attr]
            label = shortened(name, 34)
            if isinstance(mark, spec.Points):
                shape = palette.MARKERS[palette.marker(mark.marker, name, order)]
                face = "white" if mark.hollow else colour
                entries[name] = Line2D(
                    [], [], marker=shape, color=colour, markerfacecolor=face, linestyle="",
                    label=label,
                )  # fmt: skip
            elif isinstance(mark, spec.Line):
                style = DASHES[mark.dash]
                entries[name] = Line2D([], [], color=colour, linestyle=style, label=label)
            else:
                entries[name] = Patch(color=colour, label=label)
    shown = list(entries.values())[:MOST_IN_LEGEND]
    if len(entries) > 1 or any(isinstance(each, Line2D) and each.get_marker() == "None"
                               for each in shown):  # fmt: skip
        canvas.legend(handles=shown, frameon=False, loc="outside right upper", fontsize=9)


def _labels(axes: Any, panel: Panel) -> None:
    """Names beside points, where there is room: those of the first marks first."""
    marks = [mark for mark in panel.marks if isinstance(mark, spec.Points)]
    wanted: list[tuple[float, float, str]] = []
    for mark in marks:
        x, y = spec.array(mark.x), spec.array(mark.y)
        wanted += [
            (float(x[i]), float(y[i]), shortened(label, 40))
            for i, label in enumerate(mark.labels)
            if label and np.isfinite(x[i] + y[i])
        ]
    if not wanted:
        return
    every = np.concatenate([np.stack([spec.array(m.x), spec.array(m.y)], 1) for m in marks])
    every = every[np.isfinite(every).all(axis=1)][:500]
    points = np.array([[x, y] for x, y, _ in wanted])
    to_pixels = axes.transData.transform
    place_labels(
        axes,
        to_pixels(points),
        [label for *_, label in wanted],
        [True] * len(wanted),
        to_pixels(every),
    )
