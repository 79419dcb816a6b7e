"""Bars, heat maps, histograms, arrows, spans and straight lines, as plotly.js draws them."""

from __future__ import annotations

from typing import Any

import numpy as np

from joulelab.analysis.figures import javascript as js
from joulelab.analysis.figures import palette, spec
from joulelab.analysis.figures.javascript import Json
from joulelab.analysis.figures.spec import Panel

LABEL_FONT = {"size": 11, "color": "#333333"}


class Shapes:
    """Traces, shapes and annotations of one panel."""

    def __init__(self, panel: Panel, order: dict[str, int]) -> None:
        self.panel = panel
        self.order = order
        self.traces: list[Json] = []
        self.shapes: list[Json] = []
        self.annotations: list[Json] = []

    def _colour(self, mark: Any) -> str:
        return palette.colour(mark.colour, getattr(mark, "name", ""), self.order)

    def _bars(self, mark: spec.Bars) -> None:
        places, heights = list(range(len(mark.labels))), js.packed(spec.array(mark.heights))
        along, up = ("y", "x") if mark.horizontal else ("x", "y")
        trace: Json = {
            "type": "bar",
            "name": mark.name,
            along: places,
            up: heights,
            "orientation": "h" if mark.horizontal else "v",
            "marker": {"color": self._colour(mark), "line": {"color": "#ffffff", "width": 0.5}},
        }
        if mark.u is not None:
            bar = {"type": "data", "array": js.packed(np.nan_to_num(spec.array(mark.u)))}
            trace[f"error_{up}"] = bar | {"color": "#333333", "thickness": 1.2, "width": 3}
        text = mark.text or [
            f"{label}<br>{mark.name}: {height:.4g}"
            for label, height in zip(mark.labels, spec.array(mark.heights), strict=True)
        ]
        self.traces.append(trace | js.hover(text, (), np.arange(len(places))))

    def _histogram(self, mark: spec.Histogram) -> None:
        edges, heights = spec.array(mark.edges), spec.array(mark.heights)
        self.traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": mark.name,
                "fill": "tozeroy",
                "x": js.packed(np.concatenate([edges[:1], edges])),
                "y": js.packed(np.concatenate([[0.0], heights, [0.0]])),
                "line": {"shape": "hv", "color": self._colour(mark), "width": 1.4},
                "fillcolor": js.transparent(self._colour(mark), 0.3),
            }
        )

    def _heatmap(self, mark: spec.HeatMap) -> None:
        values = spec.array(mark.values)
        scale = palette.DIVERGING if mark.diverging else palette.SEQUENTIAL
        cells = [
            [f"{value:.{mark.digits}f}" if np.isfinite(value) else "" for value in row]
            for row in values
        ]
        hover = mark.text or [
            [f"{row} / {column}<br>{cell}" for column, cell in zip(mark.columns, line, strict=True)]
            for row, line in zip(mark.rows, cells, strict=True)
        ]
        small = 11 if len(mark.columns) <= 12 else 9
        self.traces.append(
            {
                "type": "heatmap",
                "z": [[js.none(v) for v in row] for row in values],
                "x": list(range(len(mark.columns))),
                "y": list(range(len(mark.rows))),
                "zmin": mark.low,
                "zmax": mark.high,
                "colorscale": js.scale(scale),
                "text": cells,
                "texttemplate": "%{text}",
                "textfont": {"size": small},
                "hovertext": hover,
                "hoverinfo": "text",
                "xgap": 1,
                "ygap": 1,
                "colorbar": js.colour_bar(mark.label),
            }
        )

    def _arrows(self, mark: spec.Arrows) -> None:
        x, y = spec.array(mark.x), spec.array(mark.y)
        if mark.circle:
            self.shapes.append(
                {
                    "type": "circle",
                    "x0": -1,
                    "x1": 1,
                    "y0": -1,
                    "y1": 1,
                    "line": {"color": "#bbbbbb", "width": 1},
                }
            )
        # A trace that hovering finds; the arrows are annotations.
        tips = {
            "type": "scatter",
            "mode": "markers",
            "x": js.packed(x),
            "y": js.packed(y),
            "marker": {"size": 5, "color": self._colour(mark)},
            "name": "",
        }
        self.traces.append(tips | js.hover(mark.labels, (), np.arange(len(x))))
        for across, up, label in zip(x, y, mark.labels, strict=True):
            arrow = {
                "x": js.none(across),
                "y": js.none(up),
                "ax": 0,
                "ay": 0,
                "axref": "x",
                "ayref": "y",
                "showarrow": True,
                "arrowhead": 2,
                "arrowwidth": 1.2,
                "text": "",
                "arrowcolor": self._colour(mark),
            }
            side = "left" if across >= 0 else "right"
            name = {
                "x": js.none(1.05 * across),
                "y": js.none(1.05 * up),
                "text": label,
                "xanchor": side,
                "showarrow": False,
                "font": LABEL_FONT,
            }
            self.annotations += [arrow, name]

    def _spans(self, mark: spec.Spans) -> None:
        starts, stops = spec.array(mark.starts), spec.array(mark.stops)
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            if number % 2 == 0:
                self.shapes.append(
                    {
                        "type": "rect",
                        "x0": js.none(start),
                        "x1": js.none(stop),
                        "yref": "paper",
                        "y0": 0,
                        "y1": 1,
                        "fillcolor": "#f0f0f0",
                        "line": {"width": 0},
                        "layer": "below",
                    }
                )
            if stop - start > 0.04 * (np.nanmax(stops) - np.nanmin(starts)):
                self.annotations.append(
                    {
                        "x": js.none((start + stop) / 2),
                        "yref": "paper",
                        "y": 1.0,
                        "yanchor": "bottom",
                        "text": mark.labels[number],
                        "showarrow": False,
                        "font": {"size": 10, "color": "#666666"},
                    }
                )

    def _reference(self, mark: spec.Reference) -> None:
        colour = self._colour(mark)
        upright = mark.axis == "x"
        along, across = ("y", "x") if upright else ("x", "y")
        log = (self.panel.x if upright else self.panel.y).scale == "log"
        self.shapes.append(
            {
                "type": "line",
                f"{across}0": mark.value,
                f"{across}1": mark.value,
                f"{along}ref": "paper",
                f"{along}0": 0,
                f"{along}1": 1,
                "line": {"color": colour, "width": 1.3, "dash": "dot"},
            }
        )
        # Annotations, unlike shapes, take the logarithm on such an axis.
        at = float(np.log10(mark.value)) if log else mark.value
        note: Json = {
            f"{across}": at,
            f"{along}ref": "paper",
            f"{along}": 1,
            "text": mark.label,
            "showarrow": False,
            "xanchor": "right",
            "yanchor": "top" if upright else "bottom",
            "font": {"size": 11, "color": colour},
        }
        self.annotations.append(note | ({"textangle": -90} if upright else {}))
