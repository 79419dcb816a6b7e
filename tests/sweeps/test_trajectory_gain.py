from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.sweeps.trajectory.gain import (
    COST_SCENARIOS,
    cost_grid,
    expected_gain,
    front_on_grid,
    owners_on_grid,
    score,
)
from joulelab.sweeps.trajectory.warps import HypervolumeWarp, LogWarp, Warp

REFERENCE = 40.0
WARPS = [HypervolumeWarp(REFERENCE), LogWarp(REFERENCE)]
warps = st.sampled_from(WARPS)
losses = st.floats(1.0, 200.0)


@given(warps, losses)
def test_a_warp_can_be_undone(warp: Warp, loss: float) -> None:
    there = warp.forward(np.array([loss]))
    assert warp.inverse(there)[0] == pytest.approx(loss)


@given(warps, losses)
def test_the_slope_of_a_warp_is_its_derivative(warp: Warp, loss: float) -> None:
    if abs(loss - REFERENCE) < 1e-3:
        return
    step = 1e-6 * loss
    at_reference = warp.forward(np.array([REFERENCE * (1 - 1e-6), REFERENCE * (1 - 2e-6)]))
    unit = (at_reference[0] - at_reference[1]) / (REFERENCE * 1e-6)
    ends = warp.forward(np.array([loss - step, loss + step]))
    rise = (ends[1] - ends[0]) / (2 * step)
    assert warp.slope(np.array([loss]))[0] == pytest.approx(rise / unit, rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(warps, st.floats(2.0, REFERENCE), st.floats(2.0, 120.0), st.floats(0.02, 1.0))
def test_improvement_agrees_with_random_draws(
    warp: Warp, best: float, centre: float, sd: float
) -> None:
    mean = warp.forward(np.array([centre]))
    closed = warp.improvement(np.array([best]), mean, np.array([sd]))[0]
    z = np.random.default_rng(0).standard_normal(200_000)
    warped = mean[0] + sd * z
    # Drawn on the scale itself: `inverse` of a log warp has no floor, of the other no negative.
    drawn = np.maximum(best - np.maximum(warp.inverse(warped), 0.0), 0.0)
    assert closed == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(len(z)) + 1e-3)


@given(warps, st.floats(2.0, REFERENCE), st.floats(2.0, 120.0))
def test_a_sure_loss_improves_by_its_distance(warp: Warp, best: float, loss: float) -> None:
    found = warp.improvement(np.array([best]), warp.forward(np.array([loss])), np.array([1e-9]))
    assert found[0] == pytest.approx(max(best - loss, 0.0), abs=1e-5)


def test_the_gain_of_a_sure_curve_is_the_growth_of_the_front() -> None:
    grid = cost_grid(1.0, 1000.0)
    seen = np.log10([5.0, 100.0]), np.array([30.0, 10.0])
    best = front_on_grid(grid, *seen, REFERENCE)
    log_cost, loss = np.log10([[2.0, 20.0, 200.0]]), np.array([[35.0, 12.0, 11.0]])
    warp = HypervolumeWarp(REFERENCE)
    nothing = np.zeros((1, 3), dtype=bool)
    tiny = np.full((1, 3), 1e-9)
    gain = expected_gain(best, grid, warp, warp.forward(loss), tiny, log_cost, tiny, nothing)
    for k in range(3):
        both = np.append(seen[0], log_cost[0, : k + 1]), np.append(seen[1], loss[0, : k + 1])
        growth = (best - front_on_grid(grid, *both, REFERENCE)).mean()
        assert gain[0, k] == pytest.approx(growth, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(warps, st.integers(0, 2**31))
def test_the_gain_agrees_with_random_draws_of_one_rung(warp: Warp, seed: int) -> None:
    """With one rung the largest expectation is the expectation: nothing is approximated but cost."""
    random = np.random.default_rng(seed)
    grid = cost_grid(1.0, 1000.0)
    best = front_on_grid(grid, random.uniform(0, 3, 4), random.uniform(5, 60, 4), REFERENCE)
    mean, sd = warp.forward(random.uniform(5, 60, (1, 1))), random.uniform(0.1, 0.6, (1, 1))
    log_cost, cost_sd = random.uniform(0, 3, (1, 1)), random.uniform(0.01, 0.4, (1, 1))
    new = np.zeros((1, 1), dtype=bool)
    closed = expected_gain(best, grid, warp, mean, sd, log_cost, cost_sd, new)[0, 0]
    loss = warp.inverse(mean[0] + sd[0] * random.standard_normal(20_000))
    drawn = np.zeros(len(loss))
    for shift in COST_SCENARIOS:
        reached = grid >= log_cost[0, 0] + shift * cost_sd[0, 0]
        drawn += (np.maximum(best - loss[:, None], 0) * reached).mean(axis=1) / 2
    assert closed == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(len(loss)) + 1e-3)


def test_rungs_left_behind_gain_nothing() -> None:
    grid = cost_grid(1.0, 1000.0)
    best = np.full(len(grid), REFERENCE)
    some = np.full((1, 2), 0.5), np.full((1, 2), 0.1)
    costs = np.array([[1.0, 2.0]]), np.full((1, 2), 0.01)
    behind = np.array([[True, False]])
    gain = expected_gain(best, grid, WARPS[0], *some, *costs, behind)
    assert gain[0, 0] == 0.0 < gain[0, 1]


def test_the_front_is_owned_by_points_below_the_reference() -> None:
    grid = cost_grid(1.0, 1000.0)
    log_costs, seen = np.log10([1.0, 10.0, 20.0, 300.0]), np.array([50.0, 20.0, 25.0, 5.0])
    assert owners_on_grid(grid, log_costs, seen, REFERENCE).tolist() == [1, 3]


def test_more_money_spent_makes_cheap_runs_less_attractive() -> None:
    gain, price = np.array([[1.0, 3.0]]), np.array([[1.0, 10.0]])
    poor, rich = (score(gain, price, spent, 0.015, 1.0)[0] for spent in (0.0, 10_000.0))
    assert poor[0] > poor[1]
    assert rich[0] < rich[1]
