from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.shared_data import needs_shared_data, table

from joulelab.stats.frugality import (
    FACTORS,
    frugality_curves,
    harmonic_score,
    linear_score,
    winners,
)

scores = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e9)), min_size=1, max_size=8)


@given(scores, st.sampled_from(FACTORS))
def test_the_curve_is_the_studys_formula(points: list, factor: float) -> None:
    p, joules = np.array(points).T
    w, curves = frugality_curves(p, joules, factor)
    assert (len(w), w[0], w[-1]) == (100, 0.0, 1.0)
    assert curves[:, 0] == pytest.approx(p)
    for row, (quality, energy) in enumerate(points):
        if energy * factor > 1e-300:
            expected = quality - w / (1 + 1 / (energy * factor))
            assert curves[row] == pytest.approx(expected)


def test_no_energy_costs_nothing_and_much_costs_all() -> None:
    w, curves = frugality_curves([0.5, 0.9, 0.9], [0.0, math.inf, 1e12])
    assert curves[0] == pytest.approx(np.full(100, 0.5))
    assert curves[1] == pytest.approx(0.9 - w)
    assert curves[2] == pytest.approx(0.9 - w)


def test_an_unknown_or_negative_energy_has_no_score() -> None:
    _, curves = frugality_curves([0.5, 0.5], [math.nan, -3.0])
    assert np.isnan(curves).all()


@settings(max_examples=50)
@given(scores)
def test_the_winner_is_the_best_at_every_weight(points: list) -> None:
    p, joules = np.array(points).T
    w, curves = frugality_curves(p, joules)
    stretches = winners(w, curves)
    assert (stretches[0][1], stretches[-1][2]) == (0.0, 1.0)
    for weight, best in zip(w, curves.max(axis=0), strict=True):
        row = next(r for r, start, stop in stretches if start <= weight <= stop)
        assert curves[row, np.searchsorted(w, weight)] == pytest.approx(best, abs=1e-6)


def test_lines_cross_where_they_cross() -> None:
    w, curves = frugality_curves([0.9, 0.6], [math.inf, 1.0])
    assert winners(w, curves) == [(0, 0.0, pytest.approx(0.6)), (1, pytest.approx(0.6), 1.0)]


def test_without_a_score_nobody_wins() -> None:
    assert winners(*frugality_curves([0.5], [math.nan])) == []


def test_the_two_other_forms() -> None:
    p, joules = [0.8, 0.6], [100.0, 25.0]
    assert linear_score(p, joules) == pytest.approx([0.4, 0.3 + 0.375])
    assert harmonic_score(p, joules) == pytest.approx([0.0, 2 * 0.6 * 0.75 / 1.35])
    assert linear_score(p, joules, best_performance=0.8)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("joules", [[0.0, 0.0], [math.nan, math.nan]])
def test_a_set_without_energies_has_no_share_of_them(joules: list[float]) -> None:
    assert np.isnan(linear_score([0.5, 0.6], joules)).all()


@needs_shared_data
def test_of_cifar100_the_score_saturates_in_joules() -> None:
    """Training takes megajoules: at factor 1 every network pays the whole w."""
    runs = table("pareto", "cifar100.csv")
    means = runs.groupby(["Model", "Pretrained"])[["Accuracy test", "Energy train"]].mean()
    w, curves = frugality_curves(means["Accuracy test"], means["Energy train"], 1.0)
    assert curves == pytest.approx(means["Accuracy test"].to_numpy()[:, None] - w, abs=1e-4)
