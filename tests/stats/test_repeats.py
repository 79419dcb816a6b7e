from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.stats.repeats import Mean, mean_of_repeats, ratio


def test_the_uncertainty_is_the_standard_error() -> None:
    mean = mean_of_repeats([10.0, 12.0, 14.0])
    assert (mean.value, mean.n) == (12.0, 3)
    assert mean.u == pytest.approx(2 / math.sqrt(3))


def test_agreement_by_luck_is_not_certainty() -> None:
    mean = mean_of_repeats([10.0, 10.0], u_independent=[3.0, 4.0], u_shared=[0.0, 0.0])
    assert mean.u == pytest.approx(2.5)


def test_scatter_beyond_the_meter_wins() -> None:
    mean = mean_of_repeats([10.0, 20.0], u_independent=[0.1, 0.1])
    assert mean.u_independent == pytest.approx(math.sqrt(50) / math.sqrt(2))


def test_the_shared_part_does_not_shrink() -> None:
    mean = mean_of_repeats([10.0] * 100, u_independent=[1.0] * 100, u_shared=[0.5] * 100)
    assert mean.u_shared == pytest.approx(0.5)
    assert mean.u == pytest.approx(math.hypot(0.1, 0.5))


def test_one_run_has_its_meters_uncertainty() -> None:
    assert mean_of_repeats([10.0], [0.3], [0.4]).u == pytest.approx(0.5)


def test_one_value_without_a_meter_has_an_unknown_uncertainty() -> None:
    assert math.isnan(mean_of_repeats([0.8]).u)


def test_what_is_missing_does_not_count() -> None:
    mean = mean_of_repeats([10.0, math.nan, 12.0], [1.0, 99.0, 1.0], [0.1, 99.0, 0.1])
    assert (mean.value, mean.n) == (11.0, 2)
    assert mean.u_shared == pytest.approx(0.1)


def test_no_values_have_no_mean() -> None:
    mean = mean_of_repeats([math.nan])
    assert mean.n == 0
    assert math.isnan(mean.value)


@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=20), st.floats(1e-3, 1e3))
def test_another_unit_scales_value_and_uncertainty(values: list[float], scale: float) -> None:
    u = [0.01 * value for value in values]
    plain = mean_of_repeats(values, u, u)
    scaled = mean_of_repeats(np.array(values) * scale, np.array(u) * scale, np.array(u) * scale)
    assert scaled.value == pytest.approx(plain.value * scale)
    assert scaled.u == pytest.approx(plain.u * scale)


def test_a_gain_error_of_one_instrument_cancels_in_a_ratio() -> None:
    large, small = Mean(120.0, 0.0, 2.4, 3), Mean(10.0, 0.0, 0.2, 3)
    assert ratio(large, small, same_instrument=True).u == pytest.approx(0.0)
    apart = ratio(large, small, same_instrument=False)
    assert apart.u == pytest.approx(12 * math.hypot(0.02, 0.02))


def test_independent_parts_of_a_ratio_add_in_quadrature() -> None:
    result = ratio(Mean(120.0, 12.0, 0.0, 3), Mean(10.0, 0.5, 0.0, 3), same_instrument=True)
    assert result.value == pytest.approx(12.0)
    assert result.u == pytest.approx(12 * math.hypot(0.1, 0.05))


def test_a_ratio_to_nothing_is_unknown() -> None:
    assert math.isnan(ratio(Mean(1, 0, 0, 1), Mean(0, 0, 0, 1), True).value)
