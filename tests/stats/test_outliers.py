from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.stats.outliers import FAR, robust_z


def test_one_far_value_is_found_and_does_not_hide_itself() -> None:
    values = [10.0, 10.1, 9.9, 10.2, 9.8, 10.0, 60.0]
    z = robust_z(values).z
    assert np.flatnonzero(np.abs(z) > FAR).tolist() == [6]
    assert abs((values[6] - np.mean(values)) / np.std(values)) < FAR


def test_each_group_is_judged_by_itself() -> None:
    values = [1.0, 1.1, 0.9, 1.05, 0.95, 100, 110, 90, 105, 95, 8.0]
    groups = ["a"] * 5 + ["b"] * 5 + ["a"]
    assert np.flatnonzero(np.abs(robust_z(values, groups).z) > FAR).tolist() == [10]


@given(st.lists(st.floats(0.1, 10), min_size=5, max_size=30), st.floats(0.01, 100))
def test_the_unit_does_not_matter(values: list[float], scale: float) -> None:
    assert robust_z(values).z == pytest.approx(robust_z(np.array(values) * scale).z, abs=1e-6)


def test_of_normal_values_hardly_any_is_far() -> None:
    values = np.random.default_rng(0).normal(100, 5, 5000)
    z = robust_z(values).z
    assert (np.abs(z) > FAR).mean() < 1e-3
    assert z.std() == pytest.approx(1, abs=0.05)


def test_values_that_agree_to_the_last_digit_make_no_outlier_of_the_next() -> None:
    z = robust_z([1.0] * 9 + [1.001]).z
    assert np.abs(z).max() < FAR


def test_few_values_and_gaps_have_no_z() -> None:
    assert np.isnan(robust_z([1.0, 2.0, 3.0, 400.0]).z).all()
    z = robust_z([1.0, 2.0, np.nan, 3.0, np.inf, 4.0, 5.0]).z
    assert np.isnan(z).tolist() == [False, False, True, False, True, False, False]
    assert robust_z([]).z.shape == (0,)


def test_zeros_alone_are_no_outliers() -> None:
    assert robust_z([0.0] * 6).z.tolist() == [0.0] * 6
