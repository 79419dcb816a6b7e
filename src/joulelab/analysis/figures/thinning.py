"""Which points of a figure a browser gets: all of few, of many those that shape the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from joulelab.analysis.figures import spec
from joulelab.analysis.figures.spec import Figure, Floats

WEBGL_FROM = 3000
WEBGL_LINE_FROM = 30_000
MOST_POINTS = 20_000
MOST_OF_LINE = 4000
MOST_OF_CURVES = 200_000

Places = npt.NDArray[np.intp]


def points(x: Floats, y: Floats, labels: Sequence[str]) -> Places:
    """Places of at most MOST_POINTS (and the labelled ones): evenly chosen, the extremes kept."""
    n = len(x)
    if n <= MOST_POINTS:
        return np.arange(n)
    even = np.linspace(0, n - 1, MOST_POINTS).astype(np.intp)
    named = np.flatnonzero([bool(label) for label in labels]) if len(labels) else even[:0]
    extremes = [
        np.array([np.nanargmin(a), np.nanargmax(a)]) for a in (x, y) if np.isfinite(a).any()
    ]
    return np.unique(np.concatenate([even, named, *extremes])).astype(np.intp)


def line(x: Floats, y: Floats) -> Places:
    """Of a long line the least and the greatest point of each of even groups, first and last kept, so
    that no peak is lost; lines with gaps hold many curves and are cut only when far longer."""
    n = len(x)
    most = MOST_OF_CURVES if np.isnan(y).any() else MOST_OF_LINE
    if n <= most:
        return np.arange(n)
    size = -(-n // (most // 2))
    groups = -(-n // size)
    filled = np.full(groups * size, np.nan)
    filled[:n] = y
    rows = filled.reshape(groups, size)
    start = np.arange(groups) * size
    low = np.argmin(np.where(np.isnan(rows), np.inf, rows), axis=1) + start
    high = np.argmax(np.where(np.isnan(rows), -np.inf, rows), axis=1) + start
    gaps = np.flatnonzero(np.isnan(y))
    ends = np.array([0, n - 1])
    return np.unique(np.concatenate([low[low < n], high[high < n], gaps, ends])).astype(np.intp)


def sentence(figure: Figure) -> str:
    """What was left out for the browser, "" for nothing. The static files draw everything."""
    shown = total = 0
    for panel in figure.panels:
        for mark in panel.marks:
            if isinstance(mark, spec.Points):
                keep = points(spec.array(mark.x), spec.array(mark.y), mark.labels)
            elif isinstance(mark, spec.Line):
                keep = line(spec.array(mark.x), spec.array(mark.y))
            else:
                continue
            shown, total = shown + len(keep), total + len(spec.array(mark.x))
    if shown == total:
        return ""
    return f"Drawn here: {shown:,} of {total:,} points; the files in figures/ show all."
