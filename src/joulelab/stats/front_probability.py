"""How sure a front is: which points belong to it, and what it is worth, given their uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from joulelab.stats.front import Bools, Direction, Floats, as_costs, non_dominated
from joulelab.stats.hypervolume import hypervolume
from joulelab.stats.uncertain import Cloud, UncertainPoints, as_cloud, draws_of

NEVER = 1e-5
"""A point that only an error rarer than this would put on the front is not drawn."""
MOST_GUARDS = 256
WORDS = 500_000
"""64-bit words of a batch of sets: 4 MB."""


def front_probability(
    points: UncertainPoints, directions: Sequence[Direction], draws: int = 2000, seed: int = 0
) -> Floats:
    """(n,) share of `draws` states of the world in which each point is non-dominated: the posterior
    probability under a flat prior. NaN for a row with a NaN in mean or uncertainty.

    The shared part of an instrument is drawn once and moves its points together, so it changes the
    order between instruments and hardly within one. Points that only errors rarer than 1e-5 would
    put on the front are given 0 without being drawn. Standard error of a share p:
    sqrt(p (1 - p) / draws).
    """
    cloud, rows = contenders(points, directions)
    hits = np.zeros(len(rows))
    for drawn in draws_of(cloud, draws, seed):
        hits += fronts_of(drawn).sum(axis=0)
    shares = np.where(as_cloud(points).known, 0.0, np.nan)
    shares[rows] = hits / draws
    return shares


@dataclass(frozen=True)
class HypervolumeInterval:
    """`value` of the means; `low` to `high` holds `level` of the draws, and their `mean` may lie
    above `value`: the best of many uncertain points is better than the best of their means."""

    value: float
    mean: float
    low: float
    high: float
    level: float


def hypervolume_interval(
    points: UncertainPoints,
    reference: npt.ArrayLike,
    directions: Sequence[Direction],
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> HypervolumeInterval:
    """Hypervolume of (n, k) points up to `reference` (k,), with the central interval of its
    posterior. Exact in each draw: slices for 2 and 3 objectives, the general recursion beyond. Rows
    with an unknown uncertainty count with their mean alone."""
    given = as_cloud(points)
    limit = as_costs(np.atleast_2d(np.asarray(reference, dtype=float)), directions)[0]
    unsure = np.where(np.isfinite(given.own), given.own, 0.0)
    common = np.where(np.isfinite(given.shared), given.shared, 0.0)
    filled = UncertainPoints(given.centre, unsure, common, given.instrument, given.freedom)
    cloud, _ = contenders(filled, directions)
    volumes = [_volumes(np.minimum(drawn, limit), limit) for drawn in draws_of(cloud, draws, seed)]
    found = np.concatenate(volumes) if volumes else np.zeros(1)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    value = hypervolume(given.centre, reference, directions)
    return HypervolumeInterval(value, float(found.mean()), float(low), float(high), level)


def contenders(
    points: UncertainPoints, directions: Sequence[Direction]
) -> tuple[Cloud, npt.NDArray[np.intp]]:
    """The points that may be on the front, with every column as a cost, and their rows. Those without
    a NaN that nobody beats for certain."""
    given = as_cloud(points)
    costs = Cloud(
        as_costs(given.centre, directions), given.own, given.shared, given.instrument, given.freedom
    )
    rows = np.flatnonzero(costs.known)
    kept = rows[~_certainly_beaten(costs.of(rows))]
    return costs.of(kept), kept


def fronts_of(drawn: Floats) -> Bools:
    """(d, n) members of the front in each of (d, n, k) sets of costs."""
    size, n, k = drawn.shape
    if n == 0:
        return np.zeros((size, 0), dtype=bool)
    if k == 2:
        return _fronts_of_two(drawn)
    step = max(1, WORDS // (n * -(-n // 64)))
    parts = [_fronts_by_sets(drawn[start : start + step]) for start in range(0, size, step)]
    return np.concatenate(parts) if parts else np.zeros((0, n), dtype=bool)


def _certainly_beaten(cloud: Cloud) -> Bools:
    """(n,) points that another one beats unless an error rarer than 1e-5 befalls either.

    Within one instrument both move with the same shared error, so it is enough that the order holds
    at both its extremes.
    """
    reach = cloud.own * stats.t.isf(NEVER, cloud.freedom)
    common = cloud.shared * float(stats.norm.isf(NEVER))
    if cloud.instrument.any():
        upper, lower = cloud.centre + reach + common, cloud.centre - reach - common
    else:
        upper = np.hstack([cloud.centre + reach + common, cloud.centre + reach - common])
        lower = np.hstack([cloud.centre - reach + common, cloud.centre - reach - common])
    k = cloud.centre.shape[1]
    guards = np.flatnonzero(non_dominated(upper[:, :k], ["min"] * k).members)
    guards = guards[:: max(1, -(-len(guards) // MOST_GUARDS))]
    beaten = np.zeros(len(upper), dtype=bool)
    for guard in upper[guards]:
        beaten |= (guard <= lower).all(axis=1) & (guard < lower).any(axis=1)
    return beaten


def _fronts_of_two(drawn: Floats) -> Bools:
    """In rising order of the first cost a point is on the front where its second is below all before
    it, or where it equals the one before it and that one is."""
    order = np.lexsort((drawn[..., 1], drawn[..., 0]), axis=-1)
    first, second = (np.take_along_axis(drawn[..., i], order, axis=1) for i in (0, 1))
    new = np.ones(first.shape, dtype=bool)
    new[:, 1:] = (first[:, 1:] != first[:, :-1]) | (second[:, 1:] != second[:, :-1])
    better = np.ones(first.shape, dtype=bool)
    better[:, 1:] = second[:, 1:] < np.minimum.accumulate(second, axis=1)[:, :-1]
    heads = np.maximum.accumulate(np.where(new, np.arange(first.shape[1]), 0), axis=1)
    members = np.empty(first.shape, dtype=bool)
    np.put_along_axis(members, order, np.take_along_axis(better, heads, axis=1), axis=1)
    return members


def _fronts_by_sets(drawn: Floats) -> Bools:
    """Sets of points as bits: who is no worse than j in all objectives and better in one of them
    beats j. O(n² / 64) words each for any number of objectives."""
    size, n, k = drawn.shape
    one = np.zeros((n + 1, 8 * -(-n // 64)), dtype=np.uint8)
    one[1:, : -(-n // 8)] = np.packbits(np.eye(n, dtype=bool), axis=1)
    words = one.view(np.uint64)
    no_worse = np.full((size, n, words.shape[1]), ~np.uint64(0))
    better = np.zeros_like(no_worse)
    batch = np.arange(size)[:, None]
    for column in range(k):
        costs = drawn[..., column]
        order = np.argsort(costs, axis=1)
        first, last = _ties(np.take_along_axis(costs, order, axis=1))
        # Row r: the r cheapest points.
        sets = np.zeros((size, n + 1, words.shape[1]), dtype=np.uint64)
        np.bitwise_or.accumulate(words[order + 1], axis=1, out=sets[:, 1:])
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(n)[None, :], axis=1)
        no_worse &= sets[batch, np.take_along_axis(last, rank, axis=1)]
        better |= sets[batch, np.take_along_axis(first, rank, axis=1)]
    return np.asarray(~(no_worse & better).any(axis=2))


def _ties(rising: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(d, n) of each sorted value: how many lie strictly below it, and how many at or below it."""
    n = rising.shape[1]
    positions = np.arange(n)
    new = np.ones(rising.shape, dtype=bool)
    new[:, 1:] = rising[:, 1:] != rising[:, :-1]
    first = np.maximum.accumulate(np.where(new, positions, 0), axis=1)
    ends = np.ones(rising.shape, dtype=bool)
    ends[:, :-1] = new[:, 1:]
    last = np.where(ends, positions + 1, n)
    return first, np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]


def _volumes(drawn: Floats, limit: Floats) -> Floats:
    """(d,) hypervolumes of (d, n, k) costs, none above the limit."""
    k = drawn.shape[2]
    if drawn.shape[1] == 0:
        return np.zeros(len(drawn))
    if k == 2:
        return _areas(drawn, limit)
    if k == 3:
        return _volumes_of_three(drawn, limit)
    drawn = drawn[:, fronts_of(drawn).any(axis=0)]
    return np.array([hypervolume(costs, limit, ["min"] * k) for costs in drawn])


def _volumes_of_three(drawn: Floats, limit: Floats) -> Floats:
    """Slices along the third cost, each the area of the points at or below it."""
    members = fronts_of(drawn)
    most = int(members.sum(axis=1).max())
    drawn = np.where(members[..., None], drawn, limit)
    kept = np.argsort(~members, axis=1, kind="stable")[:, :most]
    drawn = np.take_along_axis(drawn, kept[..., None], axis=1)
    order = np.argsort(drawn[..., 0], axis=1)[..., None]
    drawn = np.take_along_axis(drawn, order, axis=1)
    levels = np.sort(drawn[..., 2], axis=1)
    heights = np.diff(levels, axis=1, append=limit[2])
    volumes = np.zeros(len(drawn))
    for index in range(most):
        present = drawn[..., 2] <= levels[:, index : index + 1]
        second = np.where(present, drawn[..., 1], limit[1])
        volumes += _slabs(drawn[..., 0], second, limit) * heights[:, index]
    return volumes


def _areas(drawn: Floats, limit: Floats) -> Floats:
    """Along rising first cost, each point adds a slab from the least second cost before it."""
    order = np.argsort(drawn[..., 0], axis=1)
    first, second = (np.take_along_axis(drawn[..., i], order, axis=1) for i in (0, 1))
    return _slabs(first, second, limit)


def _slabs(first: Floats, second: Floats, limit: Floats) -> Floats:
    before = np.full(second.shape, limit[1])
    before[:, 1:] = np.minimum.accumulate(second, axis=1)[:, :-1]
    areas: Floats = ((limit[0] - first) * np.maximum(before - second, 0.0)).sum(axis=1)
    return areas
