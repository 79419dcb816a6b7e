from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.stats.front import Direction, hypervolume, non_dominated

# Few distinct values, so that ties and duplicates are common.
coordinate = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-1e3, 1e3), st.sampled_from([math.inf, -math.inf])
)
direction = st.sampled_from(["min", "max"])


Case = tuple[np.ndarray, list[Direction]]


@st.composite
def point_sets(draw: st.DrawFn, objectives: int | None = None) -> Case:
    k = objectives or draw(st.integers(1, 4))
    rows = draw(st.lists(st.tuples(*[coordinate] * k), max_size=40))
    directions = draw(st.lists(direction, min_size=k, max_size=k))
    return np.array(rows, dtype=float).reshape(-1, k), directions


def by_definition(points: np.ndarray, directions: Sequence[Direction]) -> list[bool]:
    def no_worse(a: float, b: float, way: Direction) -> bool:
        return a <= b if way == "min" else a >= b

    def dominates(a: np.ndarray, b: np.ndarray) -> bool:
        ways = list(zip(a, b, directions, strict=True))
        return all(no_worse(*way) for way in ways) and any(x != y for x, y, _ in ways)

    return [not any(dominates(other, point) for other in points) for point in points]


@given(point_sets())
def test_the_front_is_what_nobody_dominates(case: Case) -> None:
    points, directions = case
    assert non_dominated(points, directions).members.tolist() == by_definition(points, directions)


@given(point_sets(objectives=2))
def test_two_objectives_agree_with_the_definition(
    case: Case,
) -> None:
    points, directions = case
    assert non_dominated(points, directions).members.tolist() == by_definition(points, directions)


@given(point_sets(objectives=2), st.randoms())
def test_the_order_of_the_points_does_not_matter(case: Case, random) -> None:
    points, directions = case
    order = list(range(len(points)))
    random.shuffle(order)
    members = non_dominated(points, directions).members
    assert non_dominated(points[order], directions).members.tolist() == members[order].tolist()


def test_equal_points_are_all_kept() -> None:
    front = non_dominated([(1, 1), (1, 1), (2, 0), (2, 2)], ("min", "min"))
    assert front.members.tolist() == [True, True, True, False]


def test_a_point_that_is_only_as_good_in_one_objective_is_dominated() -> None:
    assert non_dominated([(1, 5), (1, 6)], ("min", "max")).members.tolist() == [False, True]


def test_rows_with_nan_take_no_part_and_are_told() -> None:
    front = non_dominated([(1, 1), (math.nan, 9), (2, 2)], ("min", "max"))
    assert front.members.tolist() == [True, False, True]
    assert front.excluded.tolist() == [False, True, False]


def test_no_points_have_an_empty_front() -> None:
    assert non_dominated([], ("min", "max")).members.shape == (0,)


@pytest.mark.parametrize("directions", [("min",), ("min", "max", "min"), ("min", "up")])
def test_directions_that_do_not_fit_are_refused(directions: tuple[Direction, ...]) -> None:
    with pytest.raises(ValueError, match="direction"):
        non_dominated([(1, 2)], directions)


def test_the_hypervolume_of_two_steps() -> None:
    assert hypervolume([(1, 3), (2, 1)], (4, 4), ("min", "min")) == (4 - 1) * 1 + (4 - 2) * 2


def test_the_hypervolume_with_one_objective_to_be_raised() -> None:
    assert hypervolume([(1, 0.5), (3, 0.9)], (10, 0), ("min", "max")) == pytest.approx(
        9 * 0.5 + 7 * 0.4
    )


@pytest.mark.parametrize("points", [[], [(5, 5)], [(4, 0)], [(math.nan, 0)]])
def test_what_does_not_beat_the_reference_is_worth_nothing(points: list) -> None:
    assert hypervolume(points, (4, 4), ("min", "min")) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_the_hypervolume_counts_the_dominated_unit_squares(points: list) -> None:
    squares = sum(
        any(x <= column and y <= row for x, y in points) for column in range(8) for row in range(8)
    )
    assert hypervolume(points, (8, 8), ("min", "min")) == squares
