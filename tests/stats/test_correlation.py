from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from support.shared_data import change_runs, needs_shared_data

from joulelab.stats.correlation import coefficient, correlations, fisher_interval


def mixed(n: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    common = random.normal(size=(n, 1))
    return common * [1.0, -0.5, 0.1] + random.normal(size=(n, 3))


@pytest.mark.parametrize("n", [3, 4, 30])
def test_pearson_and_its_interval_are_scipys(n: int) -> None:
    table = mixed(n)
    found = correlations(table)
    theirs = stats.pearsonr(table[:, 0], table[:, 1])
    assert found.r[0, 1] == pytest.approx(theirs.statistic)
    assert found.p[0, 1] == pytest.approx(theirs.pvalue)
    if n > 3:
        interval = theirs.confidence_interval(0.95)
        assert [found.low[0, 1], found.high[0, 1]] == pytest.approx(list(interval))


def test_spearman_is_scipys_ties_included() -> None:
    table = np.round(mixed(40), 0)
    found = correlations(table, "spearman")
    assert found.r == pytest.approx(stats.spearmanr(table).statistic)
    assert found.p[0, 2] == pytest.approx(stats.spearmanr(table[:, 0], table[:, 2]).pvalue)


def test_the_covariance_is_numpys() -> None:
    table = mixed(30)
    assert correlations(table).covariance == pytest.approx(np.cov(table.T))


def test_each_pair_uses_its_own_complete_rows() -> None:
    table = mixed(20)
    table[:5, 0] = math.nan
    table[-3:, 1] = math.inf
    found = correlations(table)
    assert found.n.tolist() == [[15, 12, 15], [12, 17, 17], [15, 17, 20]]
    assert found.r[0, 1] == pytest.approx(np.corrcoef(table[5:17, 0], table[5:17, 1])[0, 1])


@pytest.mark.parametrize("column", [[1.0] * 6, [0.1 + 0.2, 0.3] * 3, [math.nan] * 6])
def test_a_column_that_does_not_vary_has_no_coefficient(column: list[float]) -> None:
    found = correlations(np.column_stack([column, range(6)]))
    assert math.isnan(found.r[0, 1])
    assert math.isnan(found.p[0, 1])
    assert math.isnan(found.r[0, 0])


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=4, max_size=30))
def test_the_coefficient_is_symmetric_bounded_and_free_of_units(pairs: list) -> None:
    x, y = np.array(pairs).T
    r = coefficient(x, y)
    if not math.isnan(r):
        assert -1 <= r <= 1
        assert coefficient(y, x) == pytest.approx(r, abs=1e-9)
        assert coefficient(-3 * x, y) == pytest.approx(-r, abs=1e-9)
        low, high = fisher_interval(r, len(x))
        assert low <= r <= high


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_the_interval_holds_the_truth_as_often_as_it_says(method) -> None:
    rho, n, rounds = 0.6, 25, 800
    truth = rho if method == "pearson" else 6 / math.pi * math.asin(rho / 2)
    random = np.random.default_rng(3)
    drawn = random.multivariate_normal([0, 0], [[1, rho], [rho, 1]], (rounds, n))
    inside = 0
    for pairs in drawn:
        low, high = fisher_interval(coefficient(*pairs.T, method), n, method=method)
        inside += low <= truth <= high
    assert inside / rounds == pytest.approx(0.95, abs=0.02)


@needs_shared_data
def test_the_study_is_reproduced() -> None:
    runs = change_runs()
    columns = ["energy_plug_kwh", "energy_codecarbon_kwh", "duration_s"]
    r = correlations(runs[columns]).r
    assert r[0, 1] == pytest.approx(0.982855, abs=5e-7)
    assert r[2, 1] == pytest.approx(0.999890, abs=5e-7)
