"""Marks of a panel as traces, shapes and annotations of plotly.js: plain dictionaries."""

from __future__ import annotations

import numpy as np

from joulelab.analysis.figures import javascript as js
from joulelab.analysis.figures import palette, spec, thinning
from joulelab.analysis.figures.interactive_shapes import LABEL_FONT, Shapes
from joulelab.analysis.figures.javascript import Json

DASHES = {"solid": "solid", "dash": "dash", "dot": "dot"}


class Sketch(Shapes):
    """All marks of one panel."""

    def draw(self, mark: spec.Mark) -> None:
        getattr(self, f"_{type(mark).__name__.lower()}")(mark)

    def _points(self, mark: spec.Points) -> None:
        keep = thinning.points(spec.array(mark.x), spec.array(mark.y), mark.labels)
        x, y = spec.array(mark.x)[keep], spec.array(mark.y)[keep]
        shape = palette.SYMBOLS[palette.marker(mark.marker, mark.name, self.order)]
        colour = self._colour(mark)
        face = "#ffffff" if mark.hollow else colour
        style: Json = {"symbol": shape, "size": mark.size, "color": face}
        style["line"] = {"color": colour, "width": 1.4 if mark.hollow else 0.6}
        if mark.values is not None:
            style |= {
                "color": js.packed(spec.array(mark.values)[keep]),
                "showscale": True,
                "colorscale": js.scale(palette.SCALE),
                "line": {"color": "#444444", "width": 0.6},
                "colorbar": js.colour_bar(mark.values_axis.title if mark.values_axis else ""),
            }
        trace: Json = {
            "type": "scattergl" if len(x) > thinning.WEBGL_FROM else "scatter",
            "mode": "markers",
            "name": mark.name,
            "x": js.packed(x),
            "y": js.packed(y),
            "marker": style,
        }
        for key, u, scale in (
            ("error_x", mark.x_u, self.panel.x.scale), ("error_y", mark.y_u, self.panel.y.scale)
        ):  # fmt: skip
            if u is not None and np.isfinite(spec.array(u)).any():
                at = x if key == "error_x" else y
                trace[key] = js.errors(at, spec.array(u)[keep], scale, colour)
        self.traces.append(trace | js.hover(mark.text, mark.links, keep))
        if any(mark.labels):
            self._labels(mark)

    def _labels(self, mark: spec.Points) -> None:
        named = [i for i, label in enumerate(mark.labels) if label]
        self.traces.append(
            {
                "type": "scatter",
                "mode": "text",
                "hoverinfo": "skip",
                "cliponaxis": False,
                "x": js.packed(spec.array(mark.x)[named]),
                "y": js.packed(spec.array(mark.y)[named]),
                "text": [mark.labels[i] for i in named],
                "textfont": LABEL_FONT,
                "meta": "labels",
            }
        )

    def _line(self, mark: spec.Line) -> None:
        keep = thinning.line(spec.array(mark.x), spec.array(mark.y))
        x, y = spec.array(mark.x)[keep], spec.array(mark.y)[keep]
        style: Json = {"color": self._colour(mark), "dash": DASHES[mark.dash], "width": mark.width}
        if mark.step:
            style["shape"] = "hv"
        kind = "scattergl" if len(x) > thinning.WEBGL_LINE_FROM else "scatter"
        trace: Json = {
            "type": kind,
            "mode": "lines",
            "name": mark.name,
            "x": js.packed(x),
            "y": js.packed(y),
            "line": style,
        }
        if mark.filled:
            trace |= {"fill": "tozeroy", "fillcolor": js.transparent(self._colour(mark), 0.18)}
        self.traces.append(trace | js.hover(mark.text, mark.links, keep))

    def _band(self, mark: spec.Band) -> None:
        edges: Json = {
            "type": "scatter",
            "mode": "lines",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "x": js.packed(spec.array(mark.x)),
            "name": mark.name,
        }
        colour = js.transparent(self._colour(mark), 0.2)
        self.traces.append(edges | {"y": js.packed(spec.array(mark.low))})
        high = {"y": js.packed(spec.array(mark.high)), "fill": "tonexty", "fillcolor": colour}
        self.traces.append(edges | high)
