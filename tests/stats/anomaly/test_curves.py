"""PA%K and VUS: against their definitions, against aeon, and what must hold for any score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import anomaly_brute
from support.scored import in_series, scored

from joulelab.stats.anomaly import f1
from joulelab.stats.anomaly.pak import pak_auc, pak_curve
from joulelab.stats.anomaly.truth import Truth
from joulelab.stats.anomaly.vus import AUTHORS_THRESHOLDS, volumes


@given(in_series(25), st.sampled_from([0, 5, 20, 50, 90, 100]))
def test_pak_is_the_best_f1_of_all_thresholds(case, percent):
    scores, labels, bounds = case
    found = pak_curve(scores, Truth.of(labels, bounds), [percent])[0]
    assert found == pytest.approx(anomaly_brute.best_f1(scores, labels, percent, bounds))


@given(in_series())
def test_pak_falls_from_full_adjustment_to_none(case):
    scores, labels, bounds = case
    truth = Truth.of(labels, bounds)
    curve = pak_curve(scores, truth)
    assert (np.diff(curve) <= 1e-12).all()
    assert curve[0] == pytest.approx(f1.best_point_adjusted(scores, truth).f1)
    assert curve[-1] == pytest.approx(f1.best_point(scores, truth).f1)
    assert curve[-1] - 1e-12 <= pak_auc(scores, truth) <= curve[0] + 1e-12


@given(in_series(30), st.integers(0, 9))
def test_volumes_are_the_mean_areas_of_all_thresholds(case, buffer_steps):
    scores, labels, bounds = case
    areas = [
        anomaly_brute.range_areas(scores, labels, steps, bounds)
        for steps in range(buffer_steps + 1)
    ]
    found = volumes(scores, Truth.of(labels, bounds), buffer_steps)
    np.testing.assert_allclose(found, np.mean(areas, axis=0), rtol=1e-10)


def noisy(n=3000, seed=0):
    random = np.random.default_rng(seed)
    labels = np.zeros(n, int)
    for start in (0, 100, 500, 530, 900, n - 10):
        labels[start : start + random.integers(1, 60)] = 1
    return (random.standard_normal(n) + 0.7 * labels).round(1), labels


@pytest.mark.parametrize("buffer_steps", [0, 1, 2, 7, 30])
def test_volumes_at_the_authors_thresholds_are_those_of_aeon(buffer_steps):
    from aeon.benchmarking.metrics.anomaly_detection import range_pr_vus_score, range_roc_vus_score

    scores, labels = noisy()
    found = volumes(scores, Truth.of(labels), buffer_steps, AUTHORS_THRESHOLDS)
    assert found.pr == pytest.approx(range_pr_vus_score(labels, scores, buffer_steps), rel=1e-12)
    assert found.roc == pytest.approx(range_roc_vus_score(labels, scores, buffer_steps), rel=1e-12)


def test_without_buffer_the_roc_area_of_single_steps_is_at_most_the_plain_one():
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(0)
    labels, scores = random.random(500) < 0.1, random.random(500)
    # A share of the segments found weighs the recall, so the area can only shrink.
    assert volumes(scores, Truth.of(labels), 0).roc <= roc_auc_score(labels, scores) + 1e-12


@given(scored())
def test_volumes_lie_between_none_and_one(case):
    scores, labels = case
    found = volumes(scores, Truth.of(labels), 8)
    assert 0 <= found.pr <= 1 + 1e-12
    assert 0 <= found.roc <= 1 + 1e-12


@given(scored())
def test_only_the_order_of_scores_counts(case):
    scores, labels = case
    truth = Truth.of(labels)
    bent = np.exp(np.asarray(scores) / 3)
    assert volumes(bent, truth, 8) == volumes(scores, truth, 8)
    assert pak_auc(bent, truth) == pak_auc(scores, truth)


def test_a_flag_close_to_a_segment_counts_with_a_buffer():
    labels = np.zeros(200, int)
    labels[100:110] = 1
    near, far = (np.isin(np.arange(200), steps).astype(float) for steps in (97, 20))
    truth = Truth.of(labels)
    assert volumes(near, truth, 20).pr > volumes(far, truth, 20).pr
    assert volumes(near, truth, 1).pr == pytest.approx(volumes(far, truth, 1).pr)


@pytest.mark.parametrize("judge", [volumes, pak_curve])
def test_refuses_labels_that_are_all_alike(judge):
    with pytest.raises(ValueError, match="alike"):
        judge([1.0, 2.0], Truth.of([0, 0]))
