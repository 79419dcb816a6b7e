from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import anomaly_brute
from support.scored import in_series, scored

from joulelab.stats.anomaly import f1
from joulelab.stats.anomaly.truth import Truth

LABELS = [0, 1, 1, 1, 0, 0, 1, 0]


@given(in_series())
def test_segments_never_reach_over_a_bound(case):
    _, labels, bounds = case
    assert Truth.of(labels, bounds).segments.tolist() == [
        list(pair) for pair in anomaly_brute.segments(labels, bounds)
    ]


@given(in_series())
def test_the_best_point_f1_is_that_of_all_thresholds(case):
    scores, labels, bounds = case
    best = f1.best_point(scores, Truth.of(labels, bounds))
    assert best.f1 == pytest.approx(anomaly_brute.best_f1(scores, labels))


@given(in_series())
def test_the_best_point_adjusted_f1_is_that_of_all_thresholds(case):
    scores, labels, bounds = case
    best = f1.best_point_adjusted(scores, Truth.of(labels, bounds))
    assert best.f1 == pytest.approx(anomaly_brute.best_f1(scores, labels, 0, bounds))


@given(in_series(), st.booleans())
def test_the_threshold_gives_the_counts_that_come_with_it(case, adjust):
    scores, labels, bounds = case
    truth = Truth.of(labels, bounds)
    best = (f1.best_point_adjusted if adjust else f1.best_point)(scores, truth)
    flagged = f1.flags(scores, best.threshold)
    flagged = f1.adjusted(flagged, truth) if adjust else flagged
    assert f1.count(flagged, truth, best.threshold) == best


@given(scored())
def test_only_the_order_of_scores_counts(case):
    scores, labels = case
    truth = Truth.of(labels)
    bent = np.exp(np.asarray(scores) / 3)
    for best in (f1.best_point, f1.best_point_adjusted):
        assert best(bent, truth).f1 == best(scores, truth).f1


@given(scored())
def test_adjustment_never_makes_it_worse(case):
    scores, labels = case
    truth = Truth.of(labels)
    assert f1.best_point_adjusted(scores, truth).f1 >= f1.best_point(scores, truth).f1


@given(scored())
def test_a_perfect_score_reaches_one(case):
    _, labels = case
    assert f1.best_point(labels, Truth.of(labels)).f1 == 1


@given(scored(), st.integers(-6, 6))
def test_latency_is_the_mean_way_to_the_first_flag(case, threshold):
    scores, labels = case
    flagged = f1.flags(scores, threshold)
    found = f1.latency_steps(flagged, Truth.of(labels))
    expected = anomaly_brute.latency(flagged.tolist(), labels)
    assert found == pytest.approx(expected, nan_ok=True)


def test_detected_share_counts_segments():
    flagged = np.array([1, 0, 0, 1, 0, 0, 0, 0], bool)
    assert f1.detected_share(flagged, Truth.of(LABELS)) == 0.5


def test_infinite_scores_rank():
    best = f1.best_point([-np.inf, 0.0, np.inf], Truth.of([0, 0, 1]))
    assert (best.f1, best.threshold) == (1, np.inf)


def test_what_is_undefined_is_no_number():
    nothing = f1.count(np.zeros(3, bool), Truth.of([0, 0, 0]))
    assert np.isnan([nothing.precision, nothing.recall, nothing.f1]).all()


@pytest.mark.parametrize(
    ("scores", "labels", "reason"),
    [
        ([1.0], [0, 1], "1 scores do not fit 2 labels"),
        ([1.0, np.nan], [0, 1], "NaN"),
        ([1.0, 2.0], [1, 1], "alike"),
        ([1.0, 2.0], [0, 0], "alike"),
    ],
)
@pytest.mark.parametrize("best", [f1.best_point, f1.best_point_adjusted])
def test_refuses_what_cannot_be_judged(best, scores, labels, reason):
    with pytest.raises(ValueError, match=reason):
        best(scores, Truth.of(labels))


@pytest.mark.parametrize("bounds", [[0, 3], [1, 4], [0, 3, 2, 4]])
def test_refuses_bounds_that_do_not_cover_the_labels(bounds):
    with pytest.raises(ValueError, match="do not cover"):
        Truth.of([0, 1, 1, 0], bounds)
