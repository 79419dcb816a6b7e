"""Marks of a panel drawn by matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

from joulelab.analysis.figures import palette, spec
from joulelab.analysis.figures.spec import Floats, Panel

MANY = 2000
"""More points than this become pixels inside the SVG, which stays small."""
DASHES: dict[str, Any] = {"solid": "-", "dash": (0, (5, 2)), "dot": ":"}
SMALL = 6
"""Smaller points are a crowd, and lines lie over it."""
ROOM = 0.04
"""A span narrower than this share of the axis has no room for its name."""


class Pen:
    """Draws the marks of one panel on matplotlib axes; bars know what already stands below them."""

    def __init__(self, axes: Any, panel: Panel, order: dict[str, int]) -> None:
        self.axes = axes
        self.panel = panel
        self.order = order
        self.tops: dict[str, float] = {}
        self.bars = [mark for mark in panel.marks if isinstance(mark, spec.Bars)]

    def draw(self, mark: spec.Mark) -> None:
        getattr(self, f"_{type(mark).__name__.lower()}")(mark)

    def _colour(self, mark: Any) -> str:
        return palette.colour(mark.colour, getattr(mark, "name", ""), self.order)

    def _points(self, mark: spec.Points) -> None:
        x, y = spec.array(mark.x), spec.array(mark.y)
        shape = palette.MARKERS[palette.marker(mark.marker, mark.name, self.order)]
        colour = self._colour(mark)
        many = len(x) > MANY
        if mark.values is not None:
            drawn = self.axes.scatter(
                x, y, c=spec.array(mark.values), s=mark.size**2 * 0.7, marker=shape,
                cmap=_map(palette.SCALE), rasterized=many, zorder=3,
            )  # fmt: skip
            label = mark.values_axis.title if mark.values_axis else ""
            self.axes.figure.colorbar(drawn, ax=self.axes, label=label, shrink=0.85)
            colour = "#666666"
        bars = {
            "xerr": _errors(x, mark.x_u, self.panel.x.scale),
            "yerr": _errors(y, mark.y_u, self.panel.y.scale),
        }
        self.axes.errorbar(
            x, y, **bars, fmt="none" if mark.values is not None else shape, color=colour,
            markerfacecolor="white" if mark.hollow else colour, markersize=mark.size * 0.85,
            markeredgewidth=1.4, elinewidth=1.1, capsize=2.5, linestyle="none",
            zorder=3 if mark.size >= SMALL else 2.2, rasterized=many,
        )  # fmt: skip

    def _line(self, mark: spec.Line) -> None:
        x, y = spec.array(mark.x), spec.array(mark.y)
        style = "steps-post" if mark.step else "default"
        self.axes.plot(
            x, y, color=self._colour(mark), linestyle=DASHES[mark.dash], linewidth=mark.width,
            drawstyle=style, zorder=2.5, rasterized=len(x) > 20 * MANY,
        )  # fmt: skip
        if mark.filled:
            self.axes.fill_between(x, y, 0, color=self._colour(mark), alpha=0.18, linewidth=0)

    def _band(self, mark: spec.Band) -> None:
        low, high = spec.array(mark.low), spec.array(mark.high)
        self.axes.fill_between(
            spec.array(mark.x), low, high, color=self._colour(mark), alpha=0.2, linewidth=0
        )

    def _bars(self, mark: spec.Bars) -> None:
        heights = spec.array(mark.heights)
        places = np.arange(len(heights), dtype=float)
        if self.panel.grouped:
            width = 0.8 / len(self.bars)
            # By identity: two marks may be equal, and arrays do not compare to one truth.
            number = next(i for i, each in enumerate(self.bars) if each is mark)
            places += (number - (len(self.bars) - 1) / 2) * width
            below = np.zeros(len(heights))
        else:
            width = 0.75
            below = np.array([self.tops.get(label, 0.0) for label in mark.labels])
            for label, height in zip(mark.labels, np.nan_to_num(heights), strict=True):
                self.tops[label] = self.tops.get(label, 0.0) + float(height)
        style = {"color": self._colour(mark), "linewidth": 0.5, "edgecolor": "white", "zorder": 2}
        u = None if mark.u is None else np.nan_to_num(spec.array(mark.u))
        error = {"ecolor": "#333333", "capsize": 2.5}
        if mark.horizontal:
            self.axes.barh(places, heights, width, left=below, xerr=u, error_kw=error, **style)
        else:
            self.axes.bar(places, heights, width, bottom=below, yerr=u, error_kw=error, **style)
        self._categories(mark)

    def _categories(self, mark: spec.Bars) -> None:
        axis = self.axes.yaxis if mark.horizontal else self.axes.xaxis
        axis.set_ticks(np.arange(len(mark.labels)), [shortened(each, 42) for each in mark.labels])
        axis.grid(False)
        if mark.horizontal:
            self.axes.set_ylim(len(mark.labels) - 0.45, -0.55)
        elif max((len(each) for each in mark.labels), default=0) > 10:
            self.axes.tick_params(axis="x", rotation=30)

    def _histogram(self, mark: spec.Histogram) -> None:
        colour = self._colour(mark)
        edges, heights = spec.array(mark.edges), spec.array(mark.heights)
        self.axes.stairs(heights, edges, fill=True, color=colour, alpha=0.35, zorder=2)
        self.axes.stairs(heights, edges, color=colour, linewidth=1.2, zorder=2.1)

    def _heatmap(self, mark: spec.HeatMap) -> None:
        scale = palette.DIVERGING if mark.diverging else palette.SEQUENTIAL
        values = spec.array(mark.values)
        image = self.axes.imshow(
            values, cmap=_map(scale), vmin=mark.low, vmax=mark.high, aspect="auto", zorder=1
        )
        self.axes.figure.colorbar(image, ax=self.axes, label=mark.label, shrink=0.9)
        names = [shortened(each, 28) for each in mark.columns]
        self.axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
        self.axes.set_yticks(range(len(mark.rows)), [shortened(each, 28) for each in mark.rows])
        self.axes.grid(False)
        span = (mark.high - mark.low) or 1.0
        small = 8.5 if len(names) <= 12 else 6.5
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                under = palette.interpolated(scale, (value - mark.low) / span)
                ink = "white" if palette.luminance(under) < 0.5 else "#222222"
                self.axes.text(
                    column, row, f"{value:.{mark.digits}f}", ha="center", va="center",
                    color=ink, fontsize=small,
                )  # fmt: skip

    def _arrows(self, mark: spec.Arrows) -> None:
        colour = self._colour(mark)
        x, y = spec.array(mark.x), spec.array(mark.y)
        if mark.circle:
            turn = np.linspace(0, 2 * np.pi, 181)
            self.axes.plot(np.cos(turn), np.sin(turn), color="#bbbbbb", linewidth=1)
            self.axes.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25))
        for across, up, label in zip(x, y, mark.labels, strict=True):
            style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.2}
            self.axes.annotate("", (across, up), (0, 0), arrowprops=style)
            side = "left" if across >= 0 else "right"
            at = (1.05 * across, 1.05 * up)
            self.axes.annotate(shortened(label, 24), at, ha=side, va="center", fontsize=8.5)

    def _spans(self, mark: spec.Spans) -> None:
        starts, stops = spec.array(mark.starts), spec.array(mark.stops)
        low, high = self.axes.get_xlim()
        for number, (start, stop, label) in enumerate(zip(starts, stops, mark.labels, strict=True)):
            if number % 2 == 0:
                self.axes.axvspan(start, stop, color="#f1f1f1", zorder=0, linewidth=0)
            if stop - start >= ROOM * (high - low):
                self.axes.text(
                    (start + stop) / 2, 1.0, label, transform=self.axes.get_xaxis_transform(),
                    ha="center", va="bottom", fontsize=8, color="#666666",
                )  # fmt: skip

    def _reference(self, mark: spec.Reference) -> None:
        colour = palette.ROLES.get(str(mark.colour), self._colour(mark))
        style = {"color": colour, "linewidth": 1.2, "linestyle": ":", "zorder": 1.5}
        if mark.axis == "y":
            self.axes.axhline(mark.value, **style)
            at, side, up = (1.0, mark.value), self.axes.get_yaxis_transform(), (-4, 3)
        else:
            self.axes.axvline(mark.value, **style)
            at, side, up = (mark.value, 0.98), self.axes.get_xaxis_transform(), (-3, 0)
        upright = {"rotation": 90, "va": "top"} if mark.axis == "x" else {}
        self.axes.annotate(
            mark.label, at, xycoords=side, xytext=up, textcoords="offset points", ha="right",
            fontsize=8.5, color=colour, **upright,
        )  # fmt: skip


def shortened(text: str, most: int) -> str:
    """Its beginning and its end: names of configurations differ at the end."""
    if len(text) <= most:
        return text
    end = (2 * most) // 3
    return f"{text[: most - end - 1]}…{text[-end:]}"


def _map(colours: tuple[str, ...]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("own", list(colours))


def _errors(values: Floats, u: Any, scale: str) -> Floats | None:
    """(2, n) below and above; on a logarithmic axis the lower end stays above zero."""
    if u is None:
        return None
    above = np.nan_to_num(spec.array(u))
    below = np.minimum(above, 0.98 * np.abs(values)) if scale == "log" else above
    return np.stack([np.nan_to_num(below), above])
