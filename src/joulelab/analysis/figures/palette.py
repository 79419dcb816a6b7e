"""Colours and markers of a figure: the same in both renderers, for any colour vision."""

from __future__ import annotations

from collections.abc import Sequence

from joulelab.analysis.figures.spec import Colour, Figure

COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""Ten that people with any colour vision tell apart (Petroff, arXiv:2107.02270)."""
ROLES = {"muted": "#8a8a8a", "strong": "#333333", "warning": "#bd1f01"}
MARKERS = "osD^vPXp"
"""matplotlib's names."""
SYMBOLS = (
    "circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "pentagon",
)  # fmt: skip
"""plotly's names of the same."""
GLYPHS = "●■◆▲▼✚✖⬟"
SEQUENTIAL = ("#f7fbff", "#9ecae1", "#3f90da", "#08306b")
DIVERGING = ("#2166ac", "#92c5de", "#f7f7f7", "#f4a582", "#b2182b")
"""ColorBrewer RdBu, the other way round: blue is negative."""
SCALE = ("#fde725", "#5ec962", "#21918c", "#3b528b", "#440154")
"""viridis from light to dark."""


def places(figure: Figure) -> dict[str, int]:
    """Names of the figure's marks, in the order in which they first appear."""
    found: dict[str, int] = {}
    for panel in figure.panels:
        for mark in panel.marks:
            name = getattr(mark, "name", "")
            if name and getattr(mark, "colour", None) is None and name not in found:
                found[name] = len(found)
    return found


def colour(wanted: Colour, name: str, order: dict[str, int]) -> str:
    if isinstance(wanted, int):
        return COLOURS[wanted % len(COLOURS)]
    if wanted is not None:
        return ROLES.get(wanted, wanted)
    return COLOURS[order.get(name, 0) % len(COLOURS)]


def marker(wanted: int | None, name: str, order: dict[str, int]) -> int:
    place = order.get(name, 0) if wanted is None else wanted
    return place % len(MARKERS)


def mixed(base: str, share: float) -> str:
    """`base` over white: what transparency looks like where layers must not add up."""
    parts = [int(base[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)


def luminance(hexadecimal: str) -> float:
    """0 (black) to 1 (white), by the weights of Rec. 709."""
    red, green, blue = (int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def interpolated(scale: Sequence[str], share: float) -> str:
    """The colour at `share` (0 to 1) of a scale."""
    place = min(max(share, 0.0), 1.0) * (len(scale) - 1)
    left = min(int(place), len(scale) - 2)
    rest = place - left
    pair = [[int(each[i : i + 2], 16) for i in (1, 3, 5)] for each in scale[left : left + 2]]
    mix = [round(a + (b - a) * rest) for a, b in zip(*pair, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mix)
