from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shared_data import needs_shared_data, table

from joulelab.stats.learning_curves import best_so_far, enough, point_scatter
from joulelab.stats.phases import phase_shares

STEPS = [100, 1000, 5000]
JOULES = [13.7e3, 19.4e3, 66.2e3]


def test_a_hundred_steps_are_enough_within_the_margin() -> None:
    found = enough(STEPS, JOULES, [0.8637, 0.8822, 0.8883], margin=0.03)
    assert found is not None
    assert (found.step, found.best) == (100, 0.8883)
    assert found.share_after == pytest.approx(1 - 13.7 / 66.2)


def test_without_a_margin_only_the_best_is_enough() -> None:
    found = enough(STEPS, JOULES, [0.8637, 0.8822, 0.8883], margin=0.0)
    assert found is not None
    assert (found.step, found.after_j) == (5000, 0.0)


def test_of_a_loss_the_least_is_best() -> None:
    found = enough([1, 2, 3], [1.0, 2.0, 3.0], [0.9, 0.4, 0.39], 0.05, higher_is_better=False)
    assert found is not None
    assert (found.step, found.best) == (2, 0.39)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 10)), min_size=1, max_size=30),
    st.floats(0, 0.5),
)
def test_enough_is_the_first_within_the_margin(points: list, margin: float) -> None:
    quality, cost = np.array(points).T
    found = enough(np.arange(len(points)), np.cumsum(cost), quality, margin)
    assert found is not None
    assert quality[found.index] >= quality.max() - margin
    assert (quality[: found.index] < quality.max() - margin).all()
    assert 0 <= found.after_j <= found.total_j


def test_gaps_are_passed_over_and_steps_sorted() -> None:
    found = enough([3, 1, 2], [3.0, 1.0, 2.0], [0.9, math.nan, 0.9], 0.0)
    assert found is not None
    assert (found.index, found.step) == (2, 2)
    assert enough([1, 2], [math.nan, 1.0], [0.5, math.nan], 0.0) is None
    assert enough([], [], [], 0.0) is None


def test_the_scatter_of_points_is_found_around_a_curve() -> None:
    x = np.arange(400)
    q = 0.9 - 0.5 * np.exp(-x / 80) + np.random.default_rng(0).normal(0, 0.01, 400)
    assert point_scatter(q) == pytest.approx(0.01, rel=0.15)
    assert point_scatter(0.1 * x) == pytest.approx(0, abs=1e-9)
    assert math.isnan(point_scatter([0.1, 0.2, math.nan]))


def test_the_best_so_far_never_falls() -> None:
    assert best_so_far([0.1, 0.5, math.nan, 0.3]).tolist() == [0.1, 0.5, 0.5, 0.5]
    assert best_so_far([3, 1, 2], higher_is_better=False).tolist() == [3, 1, 1]


@needs_shared_data
def test_a_recorded_loss_curve_is_done_before_its_end() -> None:
    points = table("performance_tracking", "bigearthnet_training_losses.csv")
    _, curve = next(iter(points.groupby(["figure", "trace"])))
    margin = 2 * math.sqrt(2) * point_scatter(curve["y"])
    found = enough(curve["x"], curve["x"] + 1.0, curve["y"], margin, higher_is_better=False)
    assert found is not None
    assert 0 < found.index < len(curve)


def test_shares_of_phases_add_up() -> None:
    shares = phase_shares(
        {"fit": 80.0, "evaluate": 20.0, "load": math.nan}, {"fit": 4, "evaluate": 1}
    )
    assert {name: share.value for name, share in shares.items()} == {"fit": 0.8, "evaluate": 0.2}
    # Of two phases both shares are equally unsure.
    assert shares["fit"].u == pytest.approx(shares["evaluate"].u)
    assert shares["fit"].u == pytest.approx(math.hypot(0.2 * 4, 0.8 * 1) / 100)


def test_the_uncertainty_of_a_share_is_how_it_scatters() -> None:
    random = np.random.default_rng(0)
    drawn = random.normal([50, 30, 20], [1, 2, 1], (20_000, 3))
    expected = (drawn[:, 1] / drawn.sum(axis=1)).std()
    shares = phase_shares({"a": 50, "b": 30, "c": 20}, {"a": 1, "b": 2, "c": 1})
    assert shares["b"].u == pytest.approx(expected, rel=0.03)


def test_what_is_unknown_stays_so() -> None:
    assert math.isnan(phase_shares({"fit": 0.0}, {})["fit"].value)
    assert math.isnan(phase_shares({"fit": 1.0}, {})["fit"].u)
