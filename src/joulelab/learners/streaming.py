"""Scores of whole series, each point read once.

A window's score needs the window's steps before it, and windows overlap in all but one step. Here a
series is cut into chunks of so many points to be scored, each with T - 1 steps before them to warm up:
every point has at least the history that its window would give it, most have more, so this is an
approximation of scoring window by window (docs/anomaly_metrics.md), at a small part of its cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from joulelab.data.windows import WindowedSplit
from joulelab.learners.detector import Array

CHUNK_POINTS = 512
_CHUNKS_AT_ONCE = 16  # more gain little and take memory

Score = Callable[[Array], Array]
"""(L, b, d) chunks to (L, b) scores."""


class Range(NamedTuple):
    """Points [start, stop) of a split's values that lie in one series and end a window each."""

    start: int
    stop: int


def all_points(split: WindowedSplit) -> list[Range]:
    """Those of `split.ends`, in their order."""
    edges = [(start + split.window - 1, stop) for start, stop in split.stretches()]
    return [Range(start, stop) for start, stop in edges if start < stop]


def some_points(split: WindowedSplit, points: int) -> list[Range]:
    """About so many, the first ones of each series in proportion to its length."""
    ranges = all_points(split)
    share = min(1.0, points / sum(stop - start for start, stop in ranges))
    return [Range(a, a + max(1, round(share * (b - a)))) for a, b in ranges]


def points_of(ranges: Sequence[Range]) -> Any:
    """(n,) the points themselves."""
    return np.concatenate([np.arange(*each) for each in ranges])


def stream(
    split: WindowedSplit,
    ranges: Sequence[Range],
    score: Score,
    stopped: Callable[[], bool],
    chunk_points: int = CHUNK_POINTS,
) -> Any:
    """(n,) float64 scores of the points of `ranges`; None when `stopped` says so."""
    chunks = [
        Range(start, min(start + chunk_points, stop))
        for first, stop in ranges
        for start in range(first, stop, chunk_points)
    ]
    found = []
    for place in range(0, len(chunks), _CHUNKS_AT_ONCE):
        if stopped():
            return None
        some = chunks[place : place + _CHUNKS_AT_ONCE]
        scores = score(_read(split, some))
        warm_up = split.window - 1
        for column, (start, stop) in enumerate(some):
            found.append(scores[warm_up : warm_up + stop - start, column])
    return np.concatenate(found).astype(np.float64)


def _read(split: WindowedSplit, chunks: Sequence[Range]) -> Array:
    """(L, b, d): the steps of each chunk with its warm-up, zeros behind the shorter ones."""
    warm_up = split.window - 1
    length = warm_up + max(stop - start for start, stop in chunks)
    out = np.zeros((length, len(chunks), split.values.shape[1]), np.float32)
    for column, (start, stop) in enumerate(chunks):
        out[: stop - start + warm_up, column] = split.values[start - warm_up : stop]
    return out
