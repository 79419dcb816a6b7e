"""What a figure is, said once: two renderers draw it, one for paper and one for a browser.

A figure has panels side by side, a panel two axes and marks. Arrays are one-dimensional and of equal
length within a mark; NaN is a gap. Colours follow the names of marks: the same name has the same
colour and marker in every panel of a figure. Nothing here imports a plotting library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from joulelab.analysis.figures.arrays import Floats as Floats
from joulelab.analysis.figures.arrays import array as array
from joulelab.analysis.figures.arrays import same_length

Dash = Literal["solid", "dash", "dot"]
Better = Literal["", "less", "more"]
Scale = Literal["linear", "log"]
Colour = int | str | None
"""Place in the palette, a role (`muted`, `strong`, `warning`), `#rrggbb`, or None: by the name."""


@dataclass(frozen=True)
class Axis:
    """`unit` in SI (`J`, `s`, `W`, `g`) is written with prefixes on the ticks; `%` shows shares of
    one as percent. `better` adds "(less is better)" to the label."""

    label: str
    unit: str = ""
    scale: Scale = "linear"
    better: Better = ""
    low: float | None = None
    high: float | None = None
    hide_numbers: bool = False

    @property
    def title(self) -> str:
        unit = f" ({self.unit})" if self.unit and self.unit != "%" else ""
        words = {"": "", "less": "  · less is better", "more": "  · more is better"}
        return f"{self.label}{unit}{words[self.better]}"


@dataclass(frozen=True)
class Points:
    """`x_u`, `y_u`: one standard uncertainty, NaN where unknown. `text`: what hovering shows, lines
    split by `<br>`. `links`: address that a click opens. `labels`: written beside the points while
    there is room, "" for none, the first ones first. `values`: coloured along a scale instead."""

    x: npt.ArrayLike
    y: npt.ArrayLike
    name: str = ""
    x_u: npt.ArrayLike | None = None
    y_u: npt.ArrayLike | None = None
    text: Sequence[str] = ()
    links: Sequence[str] = ()
    labels: Sequence[str] = ()
    hollow: bool = False
    colour: Colour = None
    marker: int | None = None
    size: float = 8.0
    values: npt.ArrayLike | None = None
    values_axis: Axis | None = None

    def __post_init__(self) -> None:
        same_length(self, "x", "y", "x_u", "y_u", "values", "text", "links", "labels")


@dataclass(frozen=True)
class Line:
    """`step`: holds each y until the next x. `filled`: shaded down to zero, as of a density.
    NaN in `y` parts it, so that one mark may hold many curves."""

    x: npt.ArrayLike
    y: npt.ArrayLike
    name: str = ""
    dash: Dash = "solid"
    step: bool = False
    filled: bool = False
    width: float = 1.8
    colour: Colour = None
    text: Sequence[str] = ()
    links: Sequence[str] = ()

    def __post_init__(self) -> None:
        same_length(self, "x", "y", "text", "links")


@dataclass(frozen=True)
class Band:
    """Shaded between `low` and `high`."""

    x: npt.ArrayLike
    low: npt.ArrayLike
    high: npt.ArrayLike
    name: str = ""
    colour: Colour = None

    def __post_init__(self) -> None:
        same_length(self, "x", "low", "high")


@dataclass(frozen=True)
class Bars:
    """One bar a label; several marks of a panel stand on each other, or side by side where the panel
    says `grouped`. `horizontal`: labels along y, for long names (the first one on top)."""

    labels: Sequence[str]
    heights: npt.ArrayLike
    name: str = ""
    u: npt.ArrayLike | None = None
    colour: Colour = None
    horizontal: bool = True
    text: Sequence[str] = ()

    def __post_init__(self) -> None:
        same_length(self, "labels", "heights", "u", "text")


@dataclass(frozen=True)
class Histogram:
    """`heights` (n,) between `edges` (n + 1,)."""

    edges: npt.ArrayLike
    heights: npt.ArrayLike
    name: str = ""
    colour: Colour = None

    def __post_init__(self) -> None:
        if len(np.asarray(self.edges)) != len(np.asarray(self.heights)) + 1:
            raise ValueError("a histogram has one edge more than heights")


@dataclass(frozen=True)
class HeatMap:
    """`values` (rows, columns), the first row on top, from `low` to `high`; `diverging`: blue to red
    around their middle. Numbers are written into the cells, NaN stays empty."""

    columns: Sequence[str]
    rows: Sequence[str]
    values: npt.ArrayLike
    low: float
    high: float
    label: str = ""
    diverging: bool = True
    digits: int = 2
    text: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        if np.asarray(self.values).shape != (len(self.rows), len(self.columns)):
            raise ValueError("values of a heat map have one row a row and one column a column")


@dataclass(frozen=True)
class Arrows:
    """From the origin to (x, y); `circle`: the unit circle around, as of correlations."""

    x: npt.ArrayLike
    y: npt.ArrayLike
    labels: Sequence[str]
    circle: bool = True
    colour: Colour = "strong"

    def __post_init__(self) -> None:
        same_length(self, "x", "y", "labels")


@dataclass(frozen=True)
class Spans:
    """Stretches of the x axis that are shaded and named, such as phases."""

    starts: npt.ArrayLike
    stops: npt.ArrayLike
    labels: Sequence[str]

    def __post_init__(self) -> None:
        same_length(self, "starts", "stops", "labels")


@dataclass(frozen=True)
class Reference:
    """A straight line across the panel."""

    value: float
    axis: Literal["x", "y"] = "y"
    label: str = ""
    colour: Colour = "muted"


Mark = Points | Line | Band | Bars | Histogram | HeatMap | Arrows | Spans | Reference


@dataclass(frozen=True)
class Panel:
    x: Axis
    y: Axis
    marks: Sequence[Mark]
    title: str = ""
    square: bool = False
    grouped: bool = False


@dataclass(frozen=True)
class Figure:
    """`name`: of its files, `[a-z0-9_]+`. `caption`: a sentence of what is seen, its bars included;
    `n` and `provenance` are written behind it by the renderers, and so is `cut`, which says what was
    thinned or summed up so that a browser can draw it. `formula`: heading of docs/analysis.md."""

    name: str
    title: str
    caption: str
    panels: Sequence[Panel]
    n: int
    of: str = "runs"
    provenance: Sequence[str] = ()
    columns: int = 2
    cut: str = ""
    formula: str = ""

    @property
    def legend(self) -> str:
        """The caption with n, provenance and what was cut."""
        kinds = " and ".join(self.provenance)
        energy = f"; energy {kinds}" if kinds else ""
        parts = [self.caption, f"n = {self.n} {self.of}{energy}.", self.cut]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Missing:
    """Where a figure cannot be drawn: the sentence that stands in its place."""

    name: str
    title: str
    sentence: str


Drawn = Figure | Missing
