"""Figures for a browser: what plotly.js draws, one plot a panel, as JSON.

plotly.js itself is read from the package plotly, whose Python side is not imported: the traces are
plain dictionaries of its documented schema (https://plotly.com/javascript/reference/).
"""

from __future__ import annotations

import json
import math
from importlib.resources import files

from joulelab.analysis.figures import palette, spec, thinning
from joulelab.analysis.figures.interactive_marks import Sketch
from joulelab.analysis.figures.javascript import Json
from joulelab.analysis.figures.spec import Axis, Figure, Panel
from joulelab.analysis.figures.static_marks import shortened
from joulelab.units import si

FONT = {"family": "system-ui, sans-serif", "size": 13, "color": "#222222"}
GRID = "#e9e9e9"
HEIGHT_PX = 420
MOST_IN_LEGEND = 24
LETTERS_ACROSS = 40
"""More letters of names below an axis are written aslant."""


def plots(figure: Figure) -> list[Json]:
    """`{"data": ..., "layout": ...}` of each panel."""
    order = palette.places(figure)
    return [_plot(panel, order, len(figure.panels) == 1) for panel in figure.panels]


def to_json(figure: Figure) -> str:
    """The plots as JSON that may stand inside a <script> element."""
    text = json.dumps(plots(figure), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def caption(figure: Figure) -> str:
    return " ".join(part for part in (figure.legend, thinning.sentence(figure)) if part)


def legend(figure: Figure) -> list[dict[str, str]]:
    """`glyph`, `colour` and `name` of each named mark, in the order of their first appearance."""
    order = palette.places(figure)
    found: dict[str, dict[str, str]] = {}
    for panel in figure.panels:
        for mark in panel.marks:
            name = getattr(mark, "name", "")
            if not name or name in found:
                continue
            colour = palette.colour(mark.colour, name, order)  # type: ignore[union-attr]
            glyph = "■"
            if isinstance(mark, spec.Points):
                glyph = palette.GLYPHS[palette.marker(mark.marker, name, order)]
                glyph = {"●": "○", "■": "□", "◆": "◇"}.get(glyph, glyph) if mark.hollow else glyph
            elif isinstance(mark, spec.Line):
                glyph = {"solid": "━", "dash": "╍", "dot": "┈"}[mark.dash]
            found[name] = {"glyph": glyph, "colour": colour, "name": name}
    return list(found.values())[:MOST_IN_LEGEND]


def plotly_js() -> str:
    """The library's source, 4.5 MB; written into a page once."""
    source = files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")


def _plot(panel: Panel, order: dict[str, int], alone: bool) -> Json:
    sketch = Sketch(panel, order)
    for mark in panel.marks:
        sketch.draw(mark)
    above = 46 if any(isinstance(mark, spec.Spans) for mark in panel.marks) else 28
    layout: Json = {
        "font": FONT, "showlegend": False, "hovermode": "closest", "barmode": "stack",
        "margin": {"l": 64, "r": 18, "t": above, "b": 52},
        "height": _height(panel, alone), "paper_bgcolor": "#ffffff", "plot_bgcolor": "#ffffff",
        "xaxis": _axis(panel.x, panel, "x"), "yaxis": _axis(panel.y, panel, "y"),
        "hoverlabel": {"align": "left", "bgcolor": "#ffffff", "font": {"color": "#222222"}},
        "shapes": sketch.shapes, "annotations": sketch.annotations, "dragmode": False,
    }  # fmt: skip
    if panel.grouped:
        layout["barmode"] = "group"
    if panel.square:
        layout["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1, "constrain": "domain"}
        layout["xaxis"] |= {"constrain": "domain"}
    return {"data": sketch.traces, "layout": layout}


def _height(panel: Panel, alone: bool) -> int:
    rows = [
        len(mark.labels) for mark in panel.marks if isinstance(mark, spec.Bars) and mark.horizontal
    ]
    rows += [len(mark.rows) for mark in panel.marks if isinstance(mark, spec.HeatMap)]
    if rows:
        below = [min(len(name), 30) for name in _categories(panel, "x")]
        return 120 + 30 * max(rows) + 4 * max(below, default=0)
    return HEIGHT_PX if alone or panel.square else 340


def _axis(axis: Axis, panel: Panel, which: str) -> Json:
    found: Json = {
        "title": {"text": axis.title, "font": {"size": 12}, "standoff": 8}, "automargin": True,
        "gridcolor": GRID, "zerolinecolor": "#cccccc", "linecolor": "#bbbbbb",
    }  # fmt: skip
    categories = _categories(panel, which)
    if categories:
        names = [shortened(each, 30) for each in categories]
        found |= {"tickvals": list(range(len(names))), "ticktext": names, "showgrid": False}
        if which == "y":
            found["range"] = [len(names) - 0.5, -0.5]
        elif max(map(len, names)) * len(names) > LETTERS_ACROSS:
            found |= {"tickangle": -40, "tickfont": {"size": 10}}
        return found
    if axis.scale == "log":
        found |= {"type": "log", **_log_ticks(axis, *_extent(panel, which))}
    elif axis.unit == "%":
        found["tickformat"] = "~p"
    elif axis.unit:
        found |= {"tickformat": "~s", "ticksuffix": axis.unit}
    if axis.scale == "linear" and axis.low is not None and axis.high is not None:
        found["range"] = [axis.low, axis.high]
    elif axis.scale == "linear" and (axis.low is not None or axis.high is not None):
        found["autorangeoptions"] = {"include": axis.low if axis.high is None else axis.high}
    if axis.hide_numbers:
        found["showticklabels"] = False
    return found


def _categories(panel: Panel, which: str) -> list[str]:
    for mark in panel.marks:
        if isinstance(mark, spec.HeatMap):
            return list(mark.rows if which == "y" else mark.columns)
        if isinstance(mark, spec.Bars) and mark.horizontal == (which == "y"):
            return list(mark.labels)
    return []


def _extent(panel: Panel, which: str) -> tuple[float, float]:
    """Least and greatest positive value along an axis, error bars left out."""
    least, greatest = math.inf, -math.inf
    for mark in panel.marks:
        for name in (which, *(("low", "high") if which == "y" else ())):
            values = getattr(mark, name, None)
            if values is None or not isinstance(mark, spec.Points | spec.Line | spec.Band):
                continue
            found = spec.array(values)
            found = found[found > 0]
            if len(found):
                least, greatest = min(least, float(found.min())), max(greatest, float(found.max()))
    return (least, greatest) if least <= greatest else (1.0, 10.0)


def _log_ticks(axis: Axis, low: float, high: float) -> Json:
    """Ticks at 1, 2, 5 (at powers of ten over many decades), two decades beyond the data so that
    there are some after zooming out; and a range of a decade at least."""
    wide = math.log10(high / low) > 2.5
    powers = range(math.floor(math.log10(low)) - 2, math.ceil(math.log10(high)) + 3)
    factors = (1.0,) if wide else (1.0, 2.0, 5.0)
    values = [float(f"{factor}e{power}") for power in powers for factor in factors]
    room = max(10**0.06 * (high / low) ** 0.04, math.sqrt(10 * low / high))
    limits = [math.log10(low / room), math.log10(high * room)]
    texts = [si(value, axis.unit).strip() if axis.unit else f"{value:g}" for value in values]
    return {"tickvals": values, "ticktext": texts, "range": limits}
