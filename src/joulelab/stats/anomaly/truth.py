"""Which steps were anomalous, and which of them belong together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Truth:
    """(n,) labels of one or several series, one after the other: series k is steps
    bounds[k]:bounds[k + 1]. No segment, slope or distance reaches from one series into the next."""

    labels: Bools
    bounds: Ints

    @classmethod
    def of(cls, labels: npt.ArrayLike, bounds: npt.ArrayLike | None = None) -> Truth:
        """Labels are true or above 0 where anomalous. ValueError for bounds that do not cover them."""
        marks = np.asarray(labels).ravel() > 0
        edges = np.asarray([0, len(marks)] if bounds is None else bounds, np.int64)
        if edges[0] != 0 or edges[-1] != len(marks) or (np.diff(edges) < 0).any():
            raise ValueError(f"bounds {edges.tolist()} do not cover {len(marks)} labels")
        return cls(marks, edges)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def segments(self) -> Ints:
        """(k, 2): start and stop of each anomaly, stop not included."""
        return runs(self.labels, self.bounds)

    def maxima(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(k,) largest of (n,) values in each segment."""
        if not len(self.segments):
            return values[:0]
        # One more value, so that a stop may be n; every second piece lies between segments.
        edges = self.segments.ravel()
        largest: npt.NDArray[Any] = np.maximum.reduceat(np.append(values, values[-1:]), edges)[::2]
        return largest

    @cached_property
    def positives(self) -> int:
        return int(self.labels.sum())

    @property
    def decidable(self) -> bool:
        """Whether there are both anomalous and normal steps."""
        return 0 < self.positives < len(self)

    def series(self) -> list[tuple[int, int]]:
        """Start and stop of each series that has steps."""
        edges = self.bounds.tolist()
        return [(a, b) for a, b in pairwise(edges) if a < b]


def runs(marks: Bools, bounds: Ints) -> Ints:
    """(k, 2) start and stop of each stretch of true, cut at the bounds."""
    before = np.concatenate([[False], marks[:-1]])
    inner = bounds[(bounds > 0) & (bounds < len(marks))]
    before[inner] = False
    after = np.concatenate([marks[1:], [False]])
    after[inner - 1] = False
    starts = np.flatnonzero(marks & ~before)
    stops = np.flatnonzero(marks & ~after) + 1
    return np.stack([starts, stops], axis=1)


def checked(scores: npt.ArrayLike, truth: Truth) -> Floats:
    """(n,) float64; ValueError for another length or a NaN. Infinities rank like numbers."""
    array = np.asarray(scores, np.float64).ravel()
    if len(array) != len(truth):
        raise ValueError(f"{len(array)} scores do not fit {len(truth)} labels")
    if np.isnan(array).any():
        raise ValueError("a score is NaN")
    return array
