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


def place_labels(
    axes: Any,
    points: npt.NDArray[np.float64],
    names: Sequence[str],
    important: Sequence[bool],
    most: int,
    lines: Sequence[npt.NDArray[np.float64]] = (),
) -> int:
    """Greedy: each label, in the order given, takes the first free place; an important one takes the
    least bad where none is free. `points` (n, 2) and the corners of `lines` (m, 2), which labels
    avoid too, are in pixels. Returns how many were placed."""
    from matplotlib.transforms import Bbox

    frame = axes.get_window_extent()
    taken = [
        Bbox.from_bounds(x - MARKER_PX, y - MARKER_PX, 2 * MARKER_PX, 2 * MARKER_PX)
        for x, y in points
    ]
    taken += [Bbox([first, last]).padded(2) for line in lines for first, last in pairwise(line)]
    placed = 0
    for point, name, must in zip(points, names, important, strict=True):
        if placed == most:
            break
        best, best_cost = None, np.inf
        for text in _candidates(axes, point, name, must):
            box = text.get_window_extent().padded(1)
            outside = not (frame.x0 <= box.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0)
            cost = sum(box.overlaps(other) for other in taken) + 3 * outside
            if cost < best_cost:
                if best is not None:
                    best.remove()
                best, best_cost = text, cost
            else:
                text.remove()
            if best_cost == 0:
                break
        if best is None:
            continue
        if best_cost > 0 and not must:
            best.remove()
            continue
        taken.append(best.get_window_extent())
        placed += 1
    return placed


def _candidates(axes: Any, point: npt.NDArray[np.float64], name: str, bold: bool) -> Iterator[Any]:
    from matplotlib.patheffects import withStroke

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
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=4,
        )
