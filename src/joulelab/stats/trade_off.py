"""The front as a bargain: where it bends, and what one more point of quality costs along it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from joulelab.stats.front import Direction, Floats, as_costs, non_dominated
from joulelab.stats.front_probability import contenders, fronts_of
from joulelab.stats.quotient import Quotient, quotient
from joulelab.stats.uncertain import UncertainPoints, as_cloud, draws_of

Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Knee:
    """`index` of the knee, None where the front has none (fewer than three members, or none bulges);
    `distances` (n,) of each member from the plane through the front's extremes, NaN elsewhere."""

    index: int | None
    distances: Floats


def knee(
    points: npt.ArrayLike, directions: Sequence[Direction], scales: Sequence[Scale] | None = None
) -> Knee:
    """The member of the front that lies farthest below the plane through its extremes (the best
    point of each objective), with each objective scaled to [0, 1] between the front's best and
    worst: Das, "On characterizing the knee of the Pareto curve" (Structural Optimization 18, 1999).
    `scales`: "log" measures that objective in ratios, as for energies over decades; such a value
    below or at zero has no place.
    """
    costs = _scaled(np.asarray(points, dtype=float), directions, scales)
    distances = np.full(len(costs), math.nan)
    rows = np.flatnonzero(non_dominated(costs, ["min"] * costs.shape[1]).members)
    distances[rows] = _distances(costs[rows])
    found = None
    if len(rows) > costs.shape[1] and np.nanmax(distances, initial=0.0) > 1e-12:
        found = int(np.nanargmax(distances))
    return Knee(found, distances)


def knee_probability(
    points: UncertainPoints,
    directions: Sequence[Direction],
    scales: Sequence[Scale] | None = None,
    draws: int = 500,
    seed: int = 0,
) -> Floats:
    """(n,) share of draws in which each point is the knee; they add up to less than 1 where some
    draws have none. NaN for rows with an unknown uncertainty."""
    given = as_cloud(points)
    _, rows = contenders(points, directions)
    hits = np.zeros(len(rows))
    for drawn in draws_of(given.of(rows), draws, seed):
        for one, members in zip(drawn, fronts_of(drawn * _signs(directions)), strict=True):
            which = knee(one[members], directions, scales).index
            if which is not None:
                hits[np.flatnonzero(members)[which]] += 1
    shares = np.where(given.known, 0.0, math.nan)
    shares[rows] = hits / draws
    return shares


@dataclass(frozen=True)
class Step:
    """From one member of the front to the next dearer one: `cost` is what one unit of quality costs
    on this stretch (joules per 1.0 of accuracy; divide by 100 for joules per point)."""

    start: int
    stop: int
    energy: float
    quality: float
    cost: Quotient


def marginal_costs(
    energy: npt.ArrayLike,
    quality: npt.ArrayLike,
    u_energy: npt.ArrayLike = math.nan,
    u_quality: npt.ArrayLike = math.nan,
    u_energy_shared: npt.ArrayLike = 0.0,
    instruments: npt.ArrayLike | None = None,
    higher_is_better: bool = True,
    level: float = 0.95,
) -> list[Step]:
    """The steps between neighbours of the front, cheapest first: dE / dQ with Fieller's interval.

    Of two energies by one instrument the shared error cancels but for the difference of its two
    amounts. An unknown uncertainty gives a value without an interval; where the two qualities may be
    equal the interval has no end: the next point may cost any number of joules.
    """
    e, q = np.asarray(energy, dtype=float), np.asarray(quality, dtype=float)
    directions: tuple[Direction, Direction] = ("min", "max" if higher_is_better else "min")
    front = np.flatnonzero(non_dominated(np.column_stack([e, q]), directions).members)
    _, firsts = np.unique(np.column_stack([e, q])[front], axis=0, return_index=True)
    front = front[firsts]
    own, of_q, shared = (
        np.broadcast_to(np.asarray(each, dtype=float), e.shape)
        for each in (u_energy, u_quality, u_energy_shared)
    )
    labels = np.zeros(len(e)) if instruments is None else np.asarray(instruments)
    steps = []
    for a, b in pairwise(front):
        together = labels[a] == labels[b]
        common = abs(shared[b] - shared[a]) if together else math.hypot(shared[a], shared[b])
        de, dq = float(e[b] - e[a]), float(q[b] - q[a]) * (1 if higher_is_better else -1)
        u_de = math.hypot(own[a], own[b], common)
        found = quotient(de, u_de, dq, math.hypot(of_q[a], of_q[b]), level=level)
        if math.isnan(found.value):
            found = Quotient(de / dq, math.nan, math.nan, math.nan, level)
        steps.append(Step(int(a), int(b), de, dq, found))
    return steps


def _distances(costs: Floats) -> Floats:
    """(m,) signed distances of (m, k) members of a front, positive towards the ideal."""
    m, k = costs.shape
    if m <= k:
        return np.zeros(m)
    best, worst = costs.min(axis=0), costs.max(axis=0)
    if not (np.isfinite(best).all() and np.isfinite(worst).all() and (worst > best).all()):
        return np.zeros(m)
    unit = (costs - best) / (worst - best)
    # Ties of the best in one objective: the one that is best in the others.
    extremes = unit[[int(np.lexsort((unit.sum(axis=1), unit[:, i]))[0]) for i in range(k)]]
    if np.linalg.matrix_rank(extremes) < k:
        return np.zeros(m)
    normal = np.linalg.solve(extremes, np.ones(k))
    distances: Floats = (1.0 - unit @ normal) / float(np.linalg.norm(normal))
    return distances


def _scaled(
    points: Floats, directions: Sequence[Direction], scales: Sequence[Scale] | None
) -> Floats:
    columns = np.array(points, dtype=float)
    for index, scale in enumerate(scales or ()):
        if scale == "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                logs = np.log(columns[:, index])
            columns[:, index] = np.where(columns[:, index] > 0, logs, math.nan)
    return as_costs(columns, directions)


def _signs(directions: Sequence[Direction]) -> Floats:
    return np.array([1.0 if each == "min" else -1.0 for each in directions])
