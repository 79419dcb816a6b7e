from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.stats.anomaly.pot import peaks_over_threshold, pot_threshold, spot_thresholds
from joulelab.stats.anomaly.pot_reference import reference_threshold
from joulelab.stats.anomaly.tail import Tail, fit


def likelihood(excesses, shape, scale):
    from scipy.stats import genpareto

    return genpareto.logpdf(excesses, shape, 0, scale).sum()


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2, 1.5])
def test_the_fit_is_as_likely_as_that_of_scipy(shape):
    from scipy.stats import genpareto

    excesses = genpareto.rvs(shape, scale=3, size=500, random_state=np.random.default_rng(0))
    other, _, scale = genpareto.fit(excesses, floc=0)
    ours = likelihood(excesses, *fit(excesses))
    assert ours >= likelihood(excesses, other, scale) - 1e-6
    assert ours >= likelihood(excesses, 0.0, excesses.mean()) - 1e-6


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_scores_in_another_unit_give_the_threshold_in_that_unit(seed, unit):
    scores = np.random.default_rng(seed).exponential(size=600)
    one, other = pot_threshold(scores, 1e-3, 0.05), pot_threshold(unit * scores, 1e-3, 0.05)
    assert other == pytest.approx(unit * one, rel=1e-4)


@pytest.mark.parametrize(("shape", "y"), [(0.0, 4.0), (0.5, 7.0), (-0.4, 1.5)])
def test_a_quantile_is_exceeded_with_its_risk(shape, y):
    tail = Tail(10, shape, 2, peaks=50, samples=1000)
    survival = np.exp(-y / 2) if shape == 0 else (1 + shape * y / 2) ** (-1 / shape)
    assert tail.quantile(0.05 * survival) == pytest.approx(10 + y)


def test_so_many_normal_scores_exceed_the_threshold_as_the_risk_says():
    random = np.random.default_rng(0)
    threshold = pot_threshold(random.standard_normal(20_000), risk=1e-3, level=0.02)
    assert 0.0005 < (random.standard_normal(200_000) > threshold).mean() < 0.002


def test_a_higher_risk_is_a_lower_threshold():
    scores = np.random.default_rng(0).gamma(2, size=3000)
    thresholds = [pot_threshold(scores, risk, 0.05) for risk in (1e-4, 1e-3, 1e-2)]
    assert thresholds == sorted(thresholds, reverse=True)


def naive_spot(normal, scores, risk, level):
    """Everything anew at each score."""
    ordered = np.sort(normal)
    start = ordered[int((1 - level) * len(ordered))]
    peaks = [x - start for x in ordered if x > start]
    count, thresholds = len(ordered), []
    for score in scores:
        limit = Tail(start, *fit(np.array(peaks)), len(peaks), count).quantile(risk)
        thresholds.append(limit)
        if score < limit:
            count += 1
            peaks += [score - start] if score > start else []
    return np.array(thresholds)


def test_spot_learns_from_what_is_no_alarm():
    random = np.random.default_rng(1)
    normal, scores = random.gamma(2, size=2000), random.gamma(2, size=300) * 1.3
    found = spot_thresholds(normal, scores, 1e-3, 0.05)
    np.testing.assert_allclose(found, naive_spot(normal, scores, 1e-3, 0.05), rtol=2e-3)
    assert found[0] == pytest.approx(pot_threshold(normal, 1e-3, 0.05))


def test_an_alarm_teaches_spot_nothing():
    normal = np.random.default_rng(0).gamma(2, size=2000)
    found = spot_thresholds(normal, [1e6] * 5)
    assert set(found) == {found[0]}


def test_the_reference_uses_the_initial_threshold_from_the_first_exceedance_on():
    normal = np.random.default_rng(0).gamma(2, 10, size=2000)
    initial = peaks_over_threshold(normal).threshold
    test = np.zeros(100)
    test[[30, 50]] = initial + 1
    found = reference_threshold(normal, test)
    assert found.first_exceedance == 30
    assert found.threshold == pytest.approx(0.3 * found.quantile + 0.7 * initial)


def test_the_reference_takes_the_exponential_where_the_tail_is_heavy():
    normal = np.random.default_rng(0).pareto(0.7, size=5000) * 10
    assert reference_threshold(normal, normal).tail.shape == 0
    assert peaks_over_threshold(normal).shape > 1


def test_the_reference_finds_a_bounded_tail_where_excesses_are_tiny():
    normal = np.random.default_rng(0).random(50_000) ** 0.3 * -0.01
    found = reference_threshold(normal, np.full(3, -1.0))
    assert found.tail.shape < 0
    assert found.first_exceedance is None
    assert found.threshold == pytest.approx(found.quantile)


@pytest.mark.parametrize("scores", [[], [1.0, np.nan], [1.0] * 50, [0.0] * 99 + [np.inf]])
def test_refuses_scores_without_a_tail(scores):
    with pytest.raises(ValueError, match=r"no scores|no tail"):
        pot_threshold(scores)
