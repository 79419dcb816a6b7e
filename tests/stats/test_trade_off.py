from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.stats.front import non_dominated
from joulelab.stats.quotient import quotient
from joulelab.stats.trade_off import knee, knee_probability, marginal_costs
from joulelab.stats.uncertain import UncertainPoints

MIN_MAX = ("min", "max")
BENT = [(1.0, 0.1), (2.0, 0.8), (10.0, 1.0)]


def test_the_knee_is_the_point_farthest_from_the_line_of_the_extremes() -> None:
    """(2, 0.8) scaled is (1/9, 2/9 of the loss): (1 - 1/9 - 2/9) / sqrt 2 below the line."""
    found = knee(BENT, MIN_MAX)
    assert found.index == 1
    assert found.distances[1] == pytest.approx((1 - 1 / 9 - 2 / 9) / math.sqrt(2))


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(-5, 5))
def test_units_do_not_move_the_knee(a: float, b: float, shift: float) -> None:
    random = np.random.default_rng(0)
    points = random.random((20, 2))
    scaled = points * [a, b] + shift
    assert knee(points, MIN_MAX).index == knee(scaled, MIN_MAX).index


def test_a_straight_or_hollow_front_has_no_knee() -> None:
    assert knee([(0, 0), (1, 1), (2, 2)], MIN_MAX).index is None
    assert knee([(0, 0), (5, 0.1), (6, 6)], MIN_MAX).index is None
    assert knee([(0, 0), (1, 1)], MIN_MAX).index is None
    assert knee(np.empty((0, 2)), MIN_MAX).index is None


def test_energies_over_decades_bend_elsewhere() -> None:
    points = [(1.0, 0.0), (10.0, 0.6), (100.0, 0.9), (1000.0, 1.0)]
    assert knee(points, MIN_MAX).index == 2
    assert knee(points, MIN_MAX, ("log", "linear")).index == 1


def test_three_objectives_have_a_knee_too() -> None:
    points = [(0, 1, 1), (1, 0, 1), (1, 1, 0), (0.2, 0.2, 0.2), (0.5, 0.5, 0.5)]
    found = knee(points, ("min", "min", "min"))
    assert found.index == 3
    # The plane x + y + z = 2 through the extremes.
    assert found.distances[3] == pytest.approx((2 - 0.6) / math.sqrt(3))


def test_an_unsure_knee_says_so() -> None:
    points = [(1.0, 0.0), (2.0, 0.7), (2.2, 0.72), (10.0, 1.0)]
    sure = knee_probability(UncertainPoints(points, 0.0), MIN_MAX, draws=20)
    assert sure.tolist() == [0, 1, 0, 0]
    unsure = knee_probability(UncertainPoints(points, [0.0, 0.03]), MIN_MAX, draws=300)
    assert 0.2 < unsure[1] < 0.8
    assert unsure.sum() <= 1.0
    assert math.isnan(knee_probability(UncertainPoints(points, math.nan), MIN_MAX, draws=2)[0])


def test_marginal_costs_follow_the_front() -> None:
    energy, quality = [10.0, 5.0, 20.0, 15.0], [0.5, 0.3, 0.6, 0.4]
    steps = marginal_costs(energy, quality, 0.1, 0.001)
    assert [(step.start, step.stop) for step in steps] == [(1, 0), (0, 2)]
    assert [step.cost.value for step in steps] == pytest.approx([25.0, 100.0])


def test_lower_may_be_better() -> None:
    (step,) = marginal_costs([1.0, 3.0], [0.5, 0.4], 0.0, 0.0, higher_is_better=False)
    assert step.cost.value == pytest.approx(20.0)


def test_a_gain_of_quality_that_may_be_none_has_no_highest_price() -> None:
    (step,) = marginal_costs([1.0, 3.0], [0.50, 0.51], 0.01, 0.02)
    assert step.cost.value == pytest.approx(200.0)
    assert step.cost.high == math.inf


def test_the_shared_error_of_one_instrument_cancels() -> None:
    shared = [10.0, 10.0]
    (one,) = marginal_costs([100.0, 120.0], [0.5, 0.6], 0.5, 0.001, shared)
    (two,) = marginal_costs([100.0, 120.0], [0.5, 0.6], 0.5, 0.001, shared, ["a", "b"])
    assert one.cost.u < 0.1 * two.cost.u


def test_an_unknown_uncertainty_leaves_the_value() -> None:
    (step,) = marginal_costs([1.0, 3.0], [0.5, 0.6])
    assert step.cost.value == pytest.approx(20.0)
    assert math.isnan(step.cost.low)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=15))
def test_steps_join_all_members_of_the_front(points: list) -> None:
    array = np.array(points, dtype=float).reshape(-1, 2)
    steps = marginal_costs(array[:, 0], array[:, 1], 0.1, 0.1)
    members = array[non_dominated(array, MIN_MAX).members]
    assert len(steps) == max(0, len(np.unique(members, axis=0)) - 1)
    assert all(step.energy > 0 and step.quality > 0 for step in steps)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 3), st.floats(1, 3), st.floats(0.05, 0.3), st.integers(0, 1000))
def test_fiellers_interval_keeps_its_level(a: float, b: float, u: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    drawn = random.normal([a, b], [u, u], (400, 2))
    inside = sum(q.low <= a / b <= q.high for x, y in drawn for q in [quotient(x, u, y, u)])
    assert inside / 400 == pytest.approx(0.95, abs=4.5 * math.sqrt(0.95 * 0.05 / 400))


def test_where_the_denominator_is_known_the_interval_is_the_numerators() -> None:
    found = quotient(10.0, 1.0, 2.0, 0.0)
    assert (found.value, found.u) == (5.0, 0.5)
    assert [found.low, found.high] == pytest.approx([5 - 0.98, 5 + 0.98], abs=1e-4)


def test_a_denominator_that_may_be_zero_bounds_nothing() -> None:
    assert not quotient(1.0, 0.1, 0.1, 0.2).bounded
    assert math.isnan(quotient(1.0, 0.1, 0.0, 0.2).value)
    assert math.isnan(quotient(math.nan, 0.1, 1.0, 0.2).value)
