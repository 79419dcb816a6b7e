from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from joulelab.stats.multiple import adjusted
from joulelab.stats.significance import cliffs_delta, hedges_g, many_groups, two_groups

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=20)
small = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=12)


@given(p_values)
def test_benjamini_hochberg_is_scipys(p: list[float]) -> None:
    theirs = stats.false_discovery_control(p)
    assert adjusted(p, "benjamini-hochberg") == pytest.approx(theirs)


@given(p_values, st.floats(0.001, 0.5))
def test_holm_rejects_what_the_step_down_procedure_rejects(p: list[float], alpha: float) -> None:
    """From the smallest on, each p against alpha / (number of tests left), until one fails."""
    order = sorted(range(len(p)), key=p.__getitem__)
    rejected = set()
    for rank, index in enumerate(order):
        if p[index] * (len(p) - rank) > alpha:
            break
        rejected.add(index)
    found = adjusted(p, "holm")
    assert {i for i in range(len(p)) if found[i] <= alpha} == rejected


@given(p_values)
def test_a_correction_never_makes_a_p_smaller(p: list[float]) -> None:
    for method in ("holm", "benjamini-hochberg", "none"):
        assert (adjusted(p, method) >= np.array(p) - 1e-15).all()
    assert (adjusted(p, "holm") >= adjusted(p, "benjamini-hochberg") - 1e-12).all()


def test_an_unknown_p_is_no_test() -> None:
    found = adjusted([0.01, math.nan, 0.04])
    assert found[[0, 2]].tolist() == [0.02, 0.04]
    assert math.isnan(found[1])
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjusted([1.2])


def test_the_tests_are_scipys() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, 12), random.normal(1, 3, 20)
    found = two_groups(a, b)
    assert found.welch_p == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    assert found.mann_whitney_p == pytest.approx(stats.mannwhitneyu(a, b).pvalue)
    assert found.low < found.difference < found.high
    groups = [a, b, random.normal(0, 1, 5)]
    assert many_groups(groups).p == pytest.approx(stats.kruskal(*groups).pvalue)


@given(small, small)
def test_cliffs_delta_counts_pairs(a: list[float], b: list[float]) -> None:
    pairs = [np.sign(x - y) for x in a for y in b]
    delta, low, high = cliffs_delta(a, b)
    assert delta == pytest.approx(np.mean(pairs))
    assert -1 <= low <= delta + 1e-12
    assert delta - 1e-12 <= high <= 1


@settings(deadline=None)
@given(small, small)
def test_cliffs_delta_is_mann_whitneys_u(a: list[float], b: list[float]) -> None:
    u = stats.mannwhitneyu(a, b).statistic
    assert cliffs_delta(a, b)[0] == pytest.approx(2 * u / (len(a) * len(b)) - 1)


def test_the_variance_of_cliffs_delta_is_unbiased() -> None:
    """Of a and b alike, delta has variance (n + m + 1) / (3 n m) without ties."""
    random = np.random.default_rng(1)
    deltas, reaches = [], []
    for _ in range(500):
        delta, low, high = cliffs_delta(random.normal(size=30), random.normal(size=20))
        deltas.append(delta)
        reaches.append((high - low) / 2 / 1.96)
    assert np.std(deltas) == pytest.approx(math.sqrt(51 / 1800), rel=0.1)
    assert np.mean(reaches) == pytest.approx(np.std(deltas), rel=0.1)


def test_hedges_g_is_the_difference_in_standard_deviations() -> None:
    random = np.random.default_rng(2)
    g, low, high = hedges_g(random.normal(2, 3, 5000), random.normal(-1, 3, 5000))
    assert g == pytest.approx(1.0, abs=0.07)
    assert low < 1.0 < high


def test_hedges_g_of_small_samples_is_unbiased() -> None:
    random = np.random.default_rng(3)
    found = [hedges_g(random.normal(1, 1, 4), random.normal(0, 1, 4))[0] for _ in range(3000)]
    assert np.mean(found) == pytest.approx(1.0, abs=5 * np.std(found) / math.sqrt(3000))


@pytest.mark.parametrize("test", ["welch_p", "mann_whitney_p"])
def test_without_an_effect_few_p_values_are_small(test: str) -> None:
    random = np.random.default_rng(4)
    p = [
        getattr(two_groups(random.normal(size=8), random.normal(0, 2, 8)), test) for _ in range(300)
    ]
    assert np.mean(np.array(p) < 0.05) < 0.1


@pytest.mark.parametrize(
    ("a", "b", "note"),
    [
        ([], [1.0, 2.0], "0 and 2 values"),
        ([1.0], [1.0, 2.0], "1 and 2 values"),
        ([math.nan, 1.0], [math.inf, 2.0], "1 and 1 values"),
        ([1.0, 1.0], [1.0, 1.0], "neither group varies"),
        ([1.0, 1.0], [2.0, 2.0], "neither group varies"),
    ],
)
def test_what_cannot_be_tested_gets_a_sentence(a: list, b: list, note: str) -> None:
    assert note in two_groups(a, b).note


@pytest.mark.parametrize(
    ("groups", "note"),
    [
        ([], "one level"),
        ([[1.0, 2.0]], "one level"),
        ([[1.0], [2.0], [3.0]], "too few"),
        ([[1.0, 1.0], [1.0, 1.0, 1.0]], "the same"),
    ],
)
def test_groups_that_cannot_be_compared_get_a_sentence(groups: list, note: str) -> None:
    assert note in many_groups(groups).note
