"""Importance of factors and of their interactions in a forest of regression trees, exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Tree:
    """A regression tree over level codes, nodes as arrays with the root first: a row goes left where
    its code of `feature` is <= `threshold`; a leaf has `left` of -1 and predicts `value`."""

    feature: Integers
    threshold: Floats
    left: Integers
    right: Integers
    value: Floats


@dataclass(frozen=True)
class Importance:
    """Mean over trees of the share of the variance, with the standard deviation over trees. Of two
    factors: of their interaction alone."""

    factors: tuple[int, ...]
    share: float
    sd: float


def importances(trees: Sequence[Tree], levels: Sequence[int], pairs: int = 6) -> list[Importance]:
    """Functional ANOVA (Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing
    hyperparameter importance", ICML 2014) of trees over factors j with `levels[j]` codes 0, 1, ...:
    all combinations of levels count alike, whichever were run. The variance of a tree splits into

        V = sum V_j + sum V_jk + ...,  V_j = Var f_j,  V_jk = Var f_jk - V_j - V_k

    with f_U the mean of the prediction over all factors outside U, exact over the leaves. Pairs are
    of the `pairs` most important factors. Trees that predict a constant count for nothing; without
    any other the list is empty.
    """
    cut = [_leaves(tree, levels) for tree in trees]
    cut = [each for each in cut if each.variance > 0]
    if not cut:
        return []
    alone = np.array([[leaves.of((j,)) for j in range(len(levels))] for leaves in cut])
    shares = alone / np.array([[leaves.variance] for leaves in cut])
    found = [_importance((j,), shares[:, j]) for j in range(len(levels))]
    strongest = sorted(range(len(levels)), key=lambda j: -found[j].share)[:pairs]
    for j, k in combinations(sorted(strongest), 2):
        both = [
            (leaves.of((j, k)) - own[j] - own[k]) / leaves.variance
            for leaves, own in zip(cut, alone, strict=True)
        ]
        found.append(_importance((j, k), np.maximum(both, 0.0)))
    return sorted(found, key=lambda each: -each.share)


@dataclass(frozen=True)
class _Leaves:
    """`values` (l,), `inside` one (l, levels) mask a factor, `shares` (l, factors) of the levels."""

    values: Floats
    inside: list[Floats]
    shares: Floats
    variance: float

    def of(self, factors: tuple[int, ...]) -> float:
        """Variance of the marginal over these one or two factors."""
        weights = self.values * np.delete(self.shares, factors, axis=1).prod(axis=1)
        if len(factors) == 1:
            marginal = weights @ self.inside[factors[0]]
        else:
            marginal = self.inside[factors[0]].T @ (weights[:, None] * self.inside[factors[1]])
        return float(marginal.var())


def _leaves(tree: Tree, levels: Sequence[int]) -> _Leaves:
    """The boxes of a tree: each leaf takes the codes in [low, high) of every factor."""
    boxes: list[tuple[float, Integers, Integers]] = []
    top = np.array(levels, dtype=np.intp)
    waiting = [(0, np.zeros(len(levels), dtype=np.intp), top)]
    while waiting:
        node, low, high = waiting.pop()
        if tree.left[node] < 0:
            boxes.append((float(tree.value[node]), low, high))
            continue
        feature = int(tree.feature[node])
        border = math.floor(tree.threshold[node]) + 1
        below, above = high.copy(), low.copy()
        below[feature] = min(high[feature], border)
        above[feature] = max(low[feature], border)
        waiting += [(int(tree.left[node]), low, below), (int(tree.right[node]), above, high)]
    values = np.array([box[0] for box in boxes])
    lows, highs = (np.array([box[side] for box in boxes]) for side in (1, 2))
    inside = []
    for factor, count in enumerate(levels):
        codes = np.arange(count)
        mask = (lows[:, factor, None] <= codes) & (codes < highs[:, factor, None])
        inside.append(mask.astype(float))
    shares = np.maximum(highs - lows, 0) / top
    weights = shares.prod(axis=1)
    mean = float(weights @ values)
    variance = float(weights @ (values - mean) ** 2)
    return _Leaves(values - mean, inside, shares, variance)


def _importance(factors: tuple[int, ...], shares: npt.ArrayLike) -> Importance:
    array = np.asarray(shares, dtype=float)
    sd = float(array.std(ddof=1)) if len(array) > 1 else math.nan
    return Importance(factors, float(array.mean()), sd)
