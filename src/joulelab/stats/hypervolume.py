"""What a front is worth, for any number of objectives: the volume it dominates up to a reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from joulelab.stats import front
from joulelab.stats.front import Direction, Floats


def hypervolume(
    points: npt.ArrayLike, reference: npt.ArrayLike, directions: Sequence[Direction]
) -> float:
    """The volume (product of all units) that (n, k) points dominate up to `reference` (k,), exact.

    Points that do not beat the reference in every objective, and rows with a NaN, add nothing. Two
    objectives take O(n log n), three O(n² log n), more the recursion over exclusive volumes of
    While, Bradstreet and Barone (WFG, IEEE TEVC 16, 2012), exponential in k at worst.
    """
    costs, limit = _inside(points, reference, directions)
    return _volume(costs, limit)


def hypervolume_history(
    points: npt.ArrayLike, reference: npt.ArrayLike, directions: Sequence[Direction]
) -> Floats:
    """(n,) volume of the first 1, 2, ... n points."""
    costs, limit = _as_costs(points, reference, directions)
    members = np.empty((0, costs.shape[1]))
    total = 0.0
    totals: Floats = np.empty(len(costs))
    for index, cost in enumerate(costs):
        # NaN compares false, so such a row ends here.
        if bool((cost < limit).all()) and not (members <= cost).all(axis=1).any():
            total += _exclusive(cost, members, limit)
            members = np.vstack([members[~(members >= cost).all(axis=1)], cost])
        totals[index] = total
    return totals


def _volume(costs: Floats, limit: Floats) -> float:
    """Of (n, k) costs that all lie below the limit."""
    if len(costs) == 0:
        return 0.0
    objectives = len(limit)
    if objectives == 1:
        return float(limit[0] - costs.min())
    if objectives == 2:
        return front.hypervolume(costs, limit, ["min", "min"])
    costs = np.unique(costs[_members(costs)], axis=0)
    if objectives == 3:
        return _volume_of_three(costs, limit)
    # The worst in the last objective first: their limited sets are the smallest.
    costs = costs[np.argsort(-costs[:, -1], kind="stable")]
    return sum(_exclusive(cost, costs[index + 1 :], limit) for index, cost in enumerate(costs))


def _exclusive(cost: Floats, others: Floats, limit: Floats) -> float:
    """What `cost` dominates and none of `others` does."""
    own = float(np.prod(limit - cost))
    return own - _volume(np.maximum(others, cost), limit) if len(others) else own


def _volume_of_three(costs: Floats, limit: Floats) -> float:
    """Slices along the third objective, each the area of the points below it."""
    costs = costs[np.argsort(costs[:, 2], kind="stable")]
    heights = np.diff(costs[:, 2], append=limit[2])
    total = 0.0
    for index, height in enumerate(heights):
        area = front.hypervolume(costs[: index + 1, :2], limit[:2], ["min", "min"])
        total += area * float(height)
    return total


def _members(costs: Floats) -> front.Bools:
    return front.non_dominated(costs, ["min"] * costs.shape[1]).members


def _inside(
    points: npt.ArrayLike, reference: npt.ArrayLike, directions: Sequence[Direction]
) -> tuple[Floats, Floats]:
    costs, limit = _as_costs(points, reference, directions)
    return costs[(costs < limit).all(axis=1)], limit


def _as_costs(
    points: npt.ArrayLike, reference: npt.ArrayLike, directions: Sequence[Direction]
) -> tuple[Floats, Floats]:
    array = np.asarray(points, dtype=float)
    if array.size == 0:
        array = array.reshape(0, len(directions))
    limit = np.asarray(reference, dtype=float)
    if array.ndim != 2 or array.shape[1] != len(directions) or limit.shape != (len(directions),):
        raise ValueError(
            f"{len(directions)} directions do not fit points of shape {array.shape} "
            f"and a reference of shape {limit.shape}"
        )
    unknown = set(directions) - {"min", "max"}
    if unknown:
        raise ValueError(f"a direction is min or max, not {unknown.pop()!r}")
    sign = np.array([1.0 if direction == "min" else -1.0 for direction in directions])
    return array * sign, limit * sign
