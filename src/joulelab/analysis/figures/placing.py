"""Labels beside points so that none covers another or a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

MARKER_PX = 7.0
OFFSETS = (
    (9, 6, "left", "bottom"),
    (-9, 6, "right", "bottom"),
    (9, -6, "left", "top"),
    (-9, -6, "right", "top"),
    (0, 13, "center", "bottom"),
    (0, -13, "center", "top"),
    (12, 0, "left", "center"),
    (-12, 0, "right", "center"),
    (14, 18, "left", "bottom"),
    (-14, 18, "right", "bottom"),
    (14, -18, "left", "top"),
    (-14, -18, "right", "top"),
    (0, 28, "center", "bottom"),
    (0, -28, "center", "top"),
    (18, -32, "left", "top"),
    (-18, -32, "right", "top"),
)
"""Where a label may stand from its point: x and y in typographic points, and its anchor."""

SMALL_FLAWS = 1
BACKGROUND = {
    "facecolor": "white",
    "alpha": 0.7,
    "edgecolor": "none",
    "boxstyle": "square,pad=0.05",
}


def place_labels(
    axes: Any,
    points: npt.NDArray[np.float64],
    names: Sequence[str],
    important: Sequence[bool],
    marks: npt.NDArray[np.float64],
    lines: Sequence[npt.NDArray[np.float64]] = (),
) -> int:
    """Greedy, in the order given: each label takes the first free place, or none. An important one may
    lie over one marker or line, never over a label. In pixels: `points` (n, 2) to be named, all
    `marks` (m, 2), and the corners of `lines` (k, 2). Returns how many were placed."""
    from matplotlib.transforms import Bbox

    size = 2 * MARKER_PX
    taken = [Bbox.from_bounds(x - MARKER_PX, y - MARKER_PX, size, size) for x, y in marks]
    taken += [Bbox([first, last]).padded(2) for line in lines for first, last in pairwise(line)]
    labels: list[Any] = []
    for point, name, must in zip(points, names, important, strict=True):
        text = _best(axes, _candidates(axes, point, name, must), taken, labels, must)
        if text is not None:
            labels.append(text.get_window_extent())
    return len(labels)


def _best(
    axes: Any, candidates: Iterator[Any], taken: Sequence[Any], labels: Sequence[Any], must: bool
) -> Any:
    """The first candidate without a flaw, else one with a small flaw where that is allowed; the others
    are taken off the figure again."""
    frame = axes.get_window_extent()
    second_best = None
    for text in candidates:
        box = text.get_window_extent().padded(1)
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0
        if inside and not any(box.overlaps(other) for other in labels):
            flaws = sum(bool(box.overlaps(other)) for other in taken)
            if flaws == 0:
                if second_best is not None:
                    second_best.remove()
                return text
            if must and flaws <= SMALL_FLAWS and second_best is None:
                second_best = text
                continue
        text.remove()
    return second_best


def _candidates(axes: Any, point: npt.NDArray[np.float64], name: str, bold: bool) -> Iterator[Any]:
    at = axes.transData.inverted().transform(point)
    for x, y, horizontal, vertical in OFFSETS:
        yield axes.annotate(
            name,
            at,
            xytext=(x, y),
            textcoords="offset points",
            ha=horizontal,
            va=vertical,
            fontsize=9,
            fontweight="bold" if bold else "normal",
            bbox=BACKGROUND,
            zorder=2.5,
        )
