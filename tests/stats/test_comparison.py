from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from joulelab.stats.comparison import pooled_scatter, versus
from joulelab.stats.repeats import Mean, mean_of_repeats


def test_with_repeats_alone_it_is_welchs_test() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(10, 1, 5), random.normal(11, 2, 7)
    found = versus(mean_of_repeats(a), mean_of_repeats(b), same_instrument=True)
    theirs = stats.ttest_ind(a, b, equal_var=False)
    assert found.degrees_of_freedom == pytest.approx(theirs.df)
    assert found.probability_lower == pytest.approx(1 - theirs.pvalue / 2)
    assert [found.low, found.high] == pytest.approx(list(theirs.confidence_interval()))
    assert found.basis == "repeats and meter"


def test_the_shared_error_cancels_on_one_instrument() -> None:
    a, b = Mean(100.0, 1.0, 5.0, 1), Mean(104.0, 1.0, 5.0, 1)
    one, two = versus(a, b, True), versus(a, b, False)
    assert one.u == pytest.approx(math.sqrt(2))
    assert one.probability_lower == pytest.approx(stats.norm.cdf(4 / math.sqrt(2)))
    assert two.probability_lower == pytest.approx(stats.norm.cdf(4 / math.sqrt(52)))
    assert "meter alone" in one.basis


def test_a_gain_error_cancels_in_the_ratio() -> None:
    found = versus(Mean(200.0, 0.0, 10.0, 3), Mean(100.0, 0.0, 5.0, 3), True)
    assert [found.ratio.value, found.ratio.low, found.ratio.high] == pytest.approx([2.0] * 3)


def test_an_unknown_uncertainty_gives_no_probability() -> None:
    found = versus(Mean(1.0, math.nan, 0.0, 1), Mean(2.0, 0.1, 0.0, 3), True)
    assert math.isnan(found.probability_lower)
    assert found.difference == -1.0
    assert found.basis == "unknown"


@pytest.mark.parametrize(("a", "b", "p"), [(1.0, 1.0, 0.5), (1.0, 2.0, 1.0), (2.0, 1.0, 0.0)])
def test_certain_values_are_simply_compared(a: float, b: float, p: float) -> None:
    assert versus(Mean(a, 0, 0, 1), Mean(b, 0, 0, 1), True).probability_lower == p


@given(st.floats(1, 100), st.floats(1, 100), st.floats(0.01, 5), st.floats(0.01, 5), st.booleans())
def test_one_of_the_two_is_lower(a: float, b: float, u: float, s: float, same: bool) -> None:
    first, second = Mean(a, u, s * a / 10, 3), Mean(b, u / 2, s * b / 10, 4)
    one, other = versus(first, second, same), versus(second, first, same)
    assert one.probability_lower + other.probability_lower == pytest.approx(1.0)
    assert one.difference == -other.difference


def test_the_scatter_of_all_repeats_is_pooled() -> None:
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(200), 3)
    values = np.exp(groups / 20.0) * (1 + 0.05 * random.normal(size=600))
    found = pooled_scatter(values, groups)
    assert found.relative == pytest.approx(0.05, rel=0.1)
    assert (found.degrees_of_freedom, found.groups) == (400, 200)


def test_what_ran_once_or_not_at_all_adds_nothing_to_the_scatter() -> None:
    found = pooled_scatter([1.0, 1.2, 7.0, math.nan], ["a", "a", "b", "c"])
    assert found.relative == pytest.approx(math.sqrt(2) / 11)
    assert found.degrees_of_freedom == 1
    assert math.isnan(pooled_scatter([1.0, 2.0], ["a", "b"]).relative)
    assert math.isnan(pooled_scatter([], []).relative)
