from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from joulelab.stats import front
from joulelab.stats.hypervolume import hypervolume, hypervolume_history

# A coarse grid makes ties, which are where such code breaks.
COARSE = st.integers(0, 8).map(lambda value: value / 8)


def clouds(objectives):
    shape = st.tuples(st.integers(0, 12), st.just(objectives))
    return arrays(float, shape, elements=COARSE)


def by_cells(points, objectives):
    """On the grid of the coordinates every cell is dominated as a whole or not at all."""
    edges = [np.unique(np.append(points[:, k], 1.0)) for k in range(objectives)]
    total = 0.0
    for index in np.ndindex(*(len(each) - 1 for each in edges)):
        low = np.array([each[i] for each, i in zip(edges, index, strict=True)])
        high = np.array([each[i + 1] for each, i in zip(edges, index, strict=True)])
        if (points <= low).all(axis=1).any():
            total += float(np.prod(high - low))
    return total


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_it_is_the_sum_of_the_dominated_cells(objectives, data):
    points = data.draw(clouds(objectives))
    if objectives == 4:
        points = points[:6]
    found = hypervolume(points, np.ones(objectives), ["min"] * objectives)
    assert found == pytest.approx(by_cells(points, objectives), abs=1e-12)


@pytest.mark.parametrize("objectives", [2, 3, 4, 5])
def test_monte_carlo_agrees(objectives):
    random = np.random.default_rng(objectives)
    points = random.random((30, objectives)) ** 0.5
    draws = random.random((40_000, objectives))
    beaten = np.zeros(len(draws), dtype=bool)
    for point in points:
        beaten |= (point <= draws).all(axis=1)
    share = beaten.mean()
    sd = np.sqrt(share * (1 - share) / len(draws))
    found = hypervolume(points, np.ones(objectives), ["min"] * objectives)
    assert found == pytest.approx(share, abs=5 * sd)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_history_is_that_of_the_first_points(objectives, data):
    points = data.draw(clouds(objectives))
    directions = ["min"] * objectives
    found = hypervolume_history(points, np.ones(objectives), directions)
    each = [
        hypervolume(points[: n + 1], np.ones(objectives), directions) for n in range(len(points))
    ]
    assert found == pytest.approx(np.array(each), abs=1e-12)


def test_two_objectives_agree_with_the_front():
    points = np.random.default_rng(0).random((50, 2))
    directions = ["max", "min"]
    expected = front.hypervolume(points, [0.0, 1.0], directions)
    assert hypervolume(points, [0.0, 1.0], directions) == pytest.approx(expected)


def test_unknown_and_worthless_points_add_nothing():
    points = [[0.5, 0.5, 0.5], [np.nan, 0.0, 0.0], [0.0, 0.0, 1.0], [2.0, 0.0, 0.0]]
    assert hypervolume(points, [1, 1, 1], ["min"] * 3) == pytest.approx(0.125)
    assert hypervolume_history(points, [1, 1, 1], ["min"] * 3) == pytest.approx([0.125] * 4)


def test_no_points_are_worth_nothing():
    assert hypervolume([], [1, 1, 1], ["min"] * 3) == 0.0
    assert len(hypervolume_history([], [1, 1, 1], ["min"] * 3)) == 0


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        hypervolume([[1.0, 2.0]], [1, 1, 1], ["min"] * 3)
    with pytest.raises(ValueError, match="min or max"):
        hypervolume([[1.0]], [1], ["best"])
