"""Two runs of the Jetson Nano study: what its own evaluation printed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from joulelab.stats.anomaly import f1
from joulelab.stats.anomaly.pot import peaks_over_threshold
from joulelab.stats.anomaly.pot_reference import reference_threshold
from joulelab.stats.anomaly.truth import Truth

pytestmark = pytest.mark.skipif(
    "JOULELAB_SHARED_DATA" not in os.environ, reason="JOULELAB_SHARED_DATA is not set"
)
EPSILON = 1e-4  # the released code adds it to the number of segments


@pytest.fixture(params=["steps_100", "steps_1000"])
def study(request):
    folder = Path(os.environ["JOULELAB_SHARED_DATA"], "jetson_nano", request.param)
    with np.load(folder / "scores.npz") as arrays:
        truth = Truth.of(arrays["test_label"])
        train, test = -arrays["train_score"], -arrays["test_score"]
    return train, test, truth, json.loads((folder / "result.json").read_text())


def verdict(scores, threshold, truth):
    flagged = f1.flags(scores, threshold)
    detected = f1.detected_share(flagged, truth) * len(truth.segments)
    latency = f1.latency_steps(flagged, truth) * detected / (detected + EPSILON)
    return f1.count(f1.adjusted(flagged, truth), truth), latency


def test_the_best_point_adjusted_f1(study):
    _, test, truth, printed = study
    best = f1.best_point_adjusted(test, truth)
    assert best.f1 == pytest.approx(printed["best-f1"], abs=5e-4)
    assert best.f1 >= printed["best-f1"]


def test_counts_and_latency_at_the_printed_threshold(study):
    _, test, truth, printed = study
    # Flagged there was what lies beyond the threshold, not at it.
    found, latency = verdict(test, np.nextafter(-printed["threshold"], np.inf), truth)
    counts = (found.true_positive, found.false_positive, found.false_negative, found.true_negative)
    assert counts == tuple(printed[name] for name in ("TP", "FP", "FN", "TN"))
    assert latency == pytest.approx(printed["latency"], rel=1e-9)


def test_the_threshold_that_was_called_pot(study):
    train, test, truth, printed = study
    threshold = reference_threshold(train, test).threshold
    assert -threshold == pytest.approx(printed["pot-threshold"], rel=1e-6)
    found, latency = verdict(test, threshold, truth)
    assert found.f1 == pytest.approx(printed["pot-f1"], abs=1e-5)
    assert latency == pytest.approx(printed["pot-latency"], rel=1e-9)


def test_a_maximum_likelihood_fit_of_these_tails_is_as_likely_as_that_of_scipy(study):
    from scipy.stats import genpareto

    train, *_ = study
    tail = peaks_over_threshold(train)
    excesses = train[train > tail.threshold].astype(float) - tail.threshold
    other = genpareto.fit(excesses, floc=0)
    ours = genpareto.logpdf(excesses, tail.shape, 0, tail.scale).sum()
    assert ours >= genpareto.logpdf(excesses, *other).sum() - 1e-6
