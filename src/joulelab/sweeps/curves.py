"""A curve as attributes of a trial: a row holds some points, so that a new point rewrites a short
row, and a long curve is a few dozen rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from joulelab.sweeps.history import Point

PER_ROW = 32
KEY = "curve:"


def written(points: Sequence[Point], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes to write so that a trial with `attributes` has the curve `points`. A curve
    that does not go on from the old one is a new edition, of which no old row is read."""
    old = read(attributes)
    edition = attributes.get(f"{KEY}0", {}).get("edition", 0)
    if tuple(points) == old:
        return {}
    if tuple(points[: len(old)]) != old:
        edition, old = edition + 1, ()
    first = len(old) // PER_ROW
    rows = range(first, max(1, -(-len(points) // PER_ROW)))
    return {
        f"{KEY}{row}": {
            "edition": edition,
            "points": [
                [point.step, point.cost, *point.losses]
                for point in points[row * PER_ROW : (row + 1) * PER_ROW]
            ],
        }
        for row in rows
    }


def read(attributes: Mapping[str, Any]) -> tuple[Point, ...]:
    points: list[Point] = []
    edition = attributes.get(f"{KEY}0", {}).get("edition")
    for number in range(len(attributes)):
        row = attributes.get(f"{KEY}{number}")
        if row is None or row["edition"] != edition:
            break
        points += [Point(step, cost, tuple(losses)) for step, cost, *losses in row["points"]]
    return tuple(points)
