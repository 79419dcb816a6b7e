from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from joulelab.stats.distributions import bin_edges, distribution, kernel_density

finite = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@settings(max_examples=50, deadline=None)
@given(finite)
def test_the_histogram_has_area_one_and_leaves_nobody_out(values: list[float]) -> None:
    found = distribution(values)
    assert float(found.heights @ np.diff(found.edges)) == pytest.approx(1.0)
    assert found.n == len(values)
    assert 1 <= len(found.heights) <= 60


@settings(max_examples=50, deadline=None)
@given(finite)
def test_the_density_has_area_one_or_a_sentence(values: list[float]) -> None:
    found = distribution(values)
    if found.note:
        assert found.density.size == 0
    else:
        assert integrate.trapezoid(found.density, found.grid) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("n", [10, 500, 6000])
def test_the_density_is_scipys(n: int) -> None:
    values = np.random.default_rng(n).gamma(2.0, 3.0, n)
    found = distribution(values)
    theirs = stats.gaussian_kde(values, found.bandwidth / values.std(ddof=1))(found.grid)
    assert found.density == pytest.approx(theirs, abs=1e-3 * theirs.max())


def test_the_bandwidth_is_silvermans() -> None:
    values = np.random.default_rng(0).normal(size=100)
    iqr = stats.iqr(values)
    expected = 0.9 * min(values.std(ddof=1), iqr / 1.349) * 100**-0.2
    assert distribution(values).bandwidth == pytest.approx(expected)


def test_the_bins_are_numpys_freedman_diaconis() -> None:
    values = np.random.default_rng(1).normal(size=300)
    assert bin_edges(values) == pytest.approx(np.histogram_bin_edges(values, "fd"))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "no values"),
        ([math.nan, math.inf], "no values"),
        ([0.6], "one value alone"),
        ([0.6, 0.6, 0.6], "all 3 values are 0.6: no variance"),
        ([0.1 + 0.2, 0.3], "no variance"),
    ],
)
def test_without_spread_there_is_a_sentence(values: list[float], sentence: str) -> None:
    assert sentence in distribution(values).note


def test_what_is_not_finite_is_counted() -> None:
    found = distribution([1.0, math.nan, 2.0, math.inf])
    assert (found.n, found.left_out) == (2, 2)


def test_values_that_are_mostly_one_have_a_density() -> None:
    found = distribution([0.0] * 90 + list(range(10)))
    assert found.note == ""
    assert np.isfinite(found.density).all()


def test_groups_may_share_bins() -> None:
    edges = bin_edges([1.0, 2.0, 3.0, 9.0])
    assert distribution([1.0, 2.0], edges).edges.tolist() == edges.tolist()


def test_binning_of_many_values_changes_nothing_visible() -> None:
    values = np.random.default_rng(2).normal(size=5000)
    at = np.linspace(-3, 3, 50)
    exact = np.mean([kernel_density(part, at, 0.2) for part in np.split(values, 5)], axis=0)
    assert kernel_density(values, at, 0.2) == pytest.approx(exact, abs=1e-3 * exact.max())
