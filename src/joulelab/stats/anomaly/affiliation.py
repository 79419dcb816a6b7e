"""Affiliation: how near are flags to anomalies, measured against flags thrown at random?

Huet, Navarro and Rossi, "Local Evaluation of Time Series Anomaly Detection Algorithms", KDD 2022,
doi 10.1145/3534678.3539339. Steps are intervals of length 1; the integrals are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from joulelab.stats.anomaly.truth import Bools, Floats, Truth, runs


class Affiliation(NamedTuple):
    """Means over segments, NaN where undefined: `precision` over those with a flag in their zone,
    `recall` over all."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else float("nan")


def affiliation(flagged: Bools, truth: Truth) -> Affiliation:
    """O(n + segments + flagged stretches)."""
    precisions, recalls = [], []
    stretches = runs(np.asarray(flagged, np.bool_), truth.bounds).astype(np.float64)
    for zone in _zones(truth):
        inside = zone.cut(stretches)
        recalls.append(zone.recall(inside))
        if len(inside):
            precisions.append(zone.precision(inside))
    return Affiliation(_mean(precisions), _mean(recalls))


@dataclass(frozen=True)
class _Zone:
    """A segment [start, stop] and the times [low, high] that lie nearer to it than to others."""

    start: float
    stop: float
    low: float
    high: float

    @property
    def length(self) -> float:
        return self.high - self.low

    def cut(self, stretches: Floats) -> Floats:
        """The parts of (k, 2) ascending stretches that lie in the zone."""
        first = np.searchsorted(stretches[:, 1], self.low, side="right")
        last = np.searchsorted(stretches[:, 0], self.high, side="left")
        parts = np.clip(stretches[first:last], self.low, self.high)
        return parts[parts[:, 0] < parts[:, 1]]

    def precision(self, inside: Floats) -> float:
        """Mean over flagged times x of P(distance(X) >= distance(x)), X uniform in the zone."""
        before = self.start - np.minimum(inside, self.start)
        after = np.maximum(inside, self.stop) - self.stop
        within = np.diff(np.clip(inside, self.start, self.stop)).sum()
        left = self._survival(before[:, 0]) - self._survival(before[:, 1])
        right = self._survival(after[:, 1]) - self._survival(after[:, 0])
        return float((within + left.sum() + right.sum()) / np.diff(inside).sum())

    def _survival(self, distance: Floats) -> Floats:
        """Integral from 0 to `distance` of P(distance(X) >= d)."""
        total = np.zeros_like(distance)
        for slack in (self.start - self.low, self.high - self.stop):
            reach = np.minimum(distance, slack)
            total += slack * reach - reach**2 / 2
        return total / self.length

    def recall(self, inside: Floats) -> float:
        """Mean over times y of the segment of P(|X - y| >= distance from y to the nearest flag)."""
        if not len(inside):
            return 0.0
        # Between two stretches the nearer one changes in the middle; outside there is one only.
        edges = np.concatenate([[-np.inf], inside.ravel(), [np.inf]]).reshape(-1, 2)
        middle = edges.mean(axis=1)
        middle[0], middle[-1] = -np.inf, np.inf
        to_left = self._part(edges[:, 0], middle)
        to_right = self._part(middle, edges[:, 1])
        covered = np.diff(np.clip(inside, self.start, self.stop)).sum()
        missed = self._towards(edges[1:, 0], to_left[1:], -1) + self._towards(
            edges[:-1, 1], to_right[:-1], 1
        )
        return float((covered + missed) / (self.stop - self.start))

    def _part(self, low: Floats, high: Floats) -> Floats:
        return np.clip(np.stack([low, high], axis=1), self.start, self.stop)

    def _towards(self, flag: Floats, part: Floats, side: int) -> float:
        """Integral over the times y of `part` of P(|X - y| >= |y - flag|), the flag lying after them
        (side 1) or before (-1)."""
        # Mirrored where it lies before: then y is `flag - y` away from the flag, so is the zone's end
        # or farther, and its beginning `y - low`.
        flag, low = side * flag, side * (self.low if side > 0 else self.high)
        first, last = np.sort(side * part, axis=1).T
        turn = np.clip((flag + low) / 2, first, last)
        towards_flag = flag * (last - first) - (last**2 - first**2) / 2
        towards_low = (turn**2 - first**2) / 2 - low * (turn - first)
        towards_low += flag * (last - turn) - (last**2 - turn**2) / 2
        return float((last - first - (towards_flag + towards_low) / self.length).sum())


def _zones(truth: Truth) -> list[_Zone]:
    zones = []
    for low, high in truth.series():
        inside = (truth.segments[:, 0] >= low) & (truth.segments[:, 1] <= high)
        segments = truth.segments[inside].astype(np.float64)
        borders = np.concatenate([[low], (segments[:-1, 1] + segments[1:, 0]) / 2, [high]])
        zones += [
            _Zone(float(start), float(stop), float(borders[place]), float(borders[place + 1]))
            for place, (start, stop) in enumerate(segments)
        ]
    return zones


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
