"""Which points nobody beats: the non-dominated set, and what it is worth.

A point dominates another that is nowhere better and somewhere worse (Pareto dominance). Points are
(n, k) arrays, one row a point, one column an objective; `directions` says of each column whether
"min" or "max" is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Direction = Literal["min", "max"]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Front:
    """(n,) masks over the points that were given; `excluded` rows had a NaN and took no part."""

    members: Bools
    excluded: Bools


def non_dominated(points: npt.ArrayLike, directions: Sequence[Direction]) -> Front:
    """Every point that no other dominates; equal points stand or fall together.

    O(n log n) for two objectives (Kung, Luccio and Preparata, J. ACM 22, 1975), O(n m k) with m
    members for more.
    """
    costs = as_costs(points, directions)
    excluded: Bools = np.asarray(np.isnan(costs).any(axis=1))
    members = np.zeros(len(costs), dtype=bool)
    rows = np.flatnonzero(~excluded)
    of = _front_of_two if costs.shape[1] == 2 else _front_of_many
    members[rows[of(costs[rows])]] = True
    return Front(members, excluded)


def hypervolume(
    points: npt.ArrayLike, reference: npt.ArrayLike, directions: Sequence[Direction]
) -> float:
    """The area (product of both units) that (n, 2) points dominate up to `reference` (2,).

    Points that do not beat the reference in both objectives, and rows with a NaN, add nothing.
    """
    costs = as_costs(points, directions)
    if costs.shape[1] != 2:
        raise ValueError(f"hypervolume is for 2 objectives, not {costs.shape[1]}")
    limit = as_costs(np.atleast_2d(np.asarray(reference, dtype=float)), directions)[0]
    inside = costs[(costs < limit).all(axis=1)]
    front = np.unique(inside[_front_of_two(inside)], axis=0)
    # Along rising first cost the second falls: each point adds a slab down from its neighbour's.
    ceilings = np.concatenate([limit[1:], front[:-1, 1]])
    return float(np.sum((limit[0] - front[:, 0]) * (ceilings - front[:, 1])))


def as_costs(points: npt.ArrayLike, directions: Sequence[Direction]) -> Floats:
    """(n, k) points with the sign of every "max" column turned, so that less is better throughout.
    ValueError for a shape or a direction that does not fit."""
    array = np.asarray(points, dtype=float)
    if array.size == 0:
        array = array.reshape(0, len(directions))
    if array.ndim != 2 or array.shape[1] != len(directions):
        raise ValueError(f"{len(directions)} directions do not fit points of shape {array.shape}")
    unknown = set(directions) - {"min", "max"}
    if unknown:
        raise ValueError(f"a direction is min or max, not {unknown.pop()!r}")
    sign = np.array([1.0 if direction == "min" else -1.0 for direction in directions])
    costs: Floats = array * sign
    return costs


def _front_of_two(costs: Floats) -> Bools:
    members = np.zeros(len(costs), dtype=bool)
    if not len(costs):
        return members
    order = np.lexsort((costs[:, 1], costs[:, 0]))
    first, second = costs[order, 0], costs[order, 1]
    # The least second cost among points whose first cost is strictly lower.
    starts = np.searchsorted(first, first, side="left")
    least = np.minimum.accumulate(second)
    before = np.where(starts > 0, least[np.maximum(starts - 1, 0)], np.inf)
    best_of_ties = second[starts]
    beats_before = (second < before) | (starts == 0)
    members[order] = beats_before & (second == best_of_ties)
    return members


def _front_of_many(costs: Floats) -> Bools:
    members = np.ones(len(costs), dtype=bool)
    # Sorted, every dominator comes before what it dominates: a point met as a member stays one.
    for index in np.lexsort(costs.T[::-1]):
        if members[index]:
            no_better = (costs >= costs[index]).all(axis=1)
            worse = (costs > costs[index]).any(axis=1)
            members[no_better & worse] = False
    return members
