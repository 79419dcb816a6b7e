from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from joulelab.stats.functional_anova import Tree, importances


def grown(x: np.ndarray, y: np.ndarray, **options) -> Tree:
    tree = DecisionTreeRegressor(random_state=0, **options).fit(x, y).tree_
    return Tree(
        tree.feature, tree.threshold, tree.children_left, tree.children_right, tree.value[:, 0, 0]
    )


def classical(y: np.ndarray) -> dict[tuple[int, ...], float]:
    """Variance components of a full grid by averaging over axes, as in any textbook."""
    axes = range(y.ndim)
    total = y.var()
    alone = {(j,): y.mean(axis=tuple(a for a in axes if a != j)).var() for j in axes}
    found = {key: value / total for key, value in alone.items()}
    for j in axes:
        for k in range(j + 1, y.ndim):
            both = y.mean(axis=tuple(a for a in axes if a not in (j, k))).var()
            found[j, k] = (both - alone[j,] - alone[k,]) / total
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(2, 4), min_size=2, max_size=3))
def test_a_tree_that_knows_the_grid_gives_the_classical_components(
    seed: int, levels: list[int]
) -> None:
    y = np.random.default_rng(seed).normal(size=levels)
    x = np.array(list(product(*map(range, levels))), dtype=float)
    found = {each.factors: each.share for each in importances([grown(x, y.ravel())], levels)}
    assert found == pytest.approx(classical(y), abs=1e-6)


@given(st.integers(0, 1000), st.integers(1, 6))
def test_of_any_tree_it_is_the_components_of_what_it_predicts(seed: int, depth: int) -> None:
    random = np.random.default_rng(seed)
    levels = [3, 4, 2]
    x = np.column_stack([random.integers(0, m, 25) for m in levels]).astype(float)
    tree = DecisionTreeRegressor(max_depth=depth, random_state=0).fit(x, random.normal(size=25))
    grid = np.array(list(product(*map(range, levels))), dtype=float)
    predicted = tree.predict(grid).reshape(levels)
    if predicted.var() > 1e-9:
        t = tree.tree_
        arrays = (t.feature, t.threshold, t.children_left, t.children_right, t.value[:, 0, 0])
        found = {each.factors: each.share for each in importances([Tree(*arrays)], levels)}
        assert found == pytest.approx(classical(predicted), abs=1e-5)


def test_a_pure_interaction_is_one() -> None:
    x = np.array(list(product(range(2), range(2), range(2))), dtype=float)
    y = np.logical_xor(x[:, 0], x[:, 1]).astype(float)
    first, *rest = importances([grown(x, y)], [2, 2, 2])
    assert (first.factors, first.share) == ((0, 1), pytest.approx(1.0))
    assert [each.share for each in rest] == pytest.approx([0.0] * 5, abs=1e-12)


def test_trees_are_averaged_and_differ() -> None:
    x = np.array(list(product(range(2), range(2))), dtype=float)
    trees = [grown(x, x[:, 0]), grown(x, x[:, 1])]
    found = {each.factors: each for each in importances(trees, [2, 2])}
    assert found[0,].share == pytest.approx(0.5)
    assert found[0,].sd == pytest.approx(np.sqrt(0.5))


def test_pairs_are_of_the_strongest() -> None:
    random = np.random.default_rng(0)
    x = random.integers(0, 3, (100, 5)).astype(float)
    found = importances([grown(x, x @ [5, 4, 3, 0, 0])], [3] * 5, pairs=3)
    assert {each.factors for each in found if len(each.factors) == 2} == {(0, 1), (0, 2), (1, 2)}


def test_a_constant_has_no_importance() -> None:
    assert importances([grown(np.zeros((4, 1)), np.ones(4))], [2]) == []
    assert importances([], [2]) == []
