"""Thresholds without labels: peaks over a threshold of normal scores, and how they drift.

Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017,
doi 10.1145/3097983.3098144.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from joulelab.stats.anomaly.tail import Tail, fit
from joulelab.stats.anomaly.truth import Floats

# SPOT fits anew at each peak. Beyond so many peaks one more moves the fit by less than its own error
# over 100, so it is fitted again after each percent of growth.
_FIT_EACH_UP_TO = 1000


def peaks_over_threshold(normal_scores: npt.ArrayLike, level: float = 0.01) -> Tail:
    """The tail of normal scores above their upper `level`: at least two peaks, else ValueError."""
    ordered = _sorted(normal_scores)
    threshold = float(ordered[int((1 - level) * len(ordered))])
    excesses = ordered[ordered > threshold] - threshold
    if len(excesses) < 2 or not np.isfinite(excesses).all():
        raise ValueError(f"{len(excesses)} finite scores above {threshold} make no tail")
    shape, scale = fit(excesses)
    return Tail(threshold, shape, scale, len(excesses), len(ordered))


def pot_threshold(normal_scores: npt.ArrayLike, risk: float = 1e-3, level: float = 0.01) -> float:
    """The score that a normal step exceeds with probability `risk`."""
    return peaks_over_threshold(normal_scores, level).quantile(risk)


def spot_thresholds(
    normal_scores: npt.ArrayLike, scores: npt.ArrayLike, risk: float = 1e-3, level: float = 0.01
) -> Floats:
    """(n,) threshold before each of the scores in turn (SPOT): a score above it is an alarm and
    teaches nothing, any other one joins the sample, as a peak where it is above the first threshold."""
    tail = peaks_over_threshold(normal_scores, level)
    ordered = _sorted(normal_scores)
    excesses = list(ordered[ordered > tail.threshold] - tail.threshold)
    fitted = len(excesses)
    thresholds: Floats = np.empty(np.size(scores))
    for place, score in enumerate(np.asarray(scores, np.float64).ravel().tolist()):
        limit = tail.quantile(risk)
        thresholds[place] = limit
        if score >= limit:
            continue
        tail = dataclasses.replace(tail, samples=tail.samples + 1)
        if score > tail.threshold:
            excesses.append(score - tail.threshold)
            tail = dataclasses.replace(tail, peaks=len(excesses))
            if len(excesses) <= _FIT_EACH_UP_TO or len(excesses) > 1.01 * fitted:
                shape, scale = fit(np.array(excesses), tail.shape / tail.scale)
                tail = dataclasses.replace(tail, shape=shape, scale=scale)
                fitted = len(excesses)
    return thresholds


def _sorted(scores: npt.ArrayLike) -> Floats:
    array = np.sort(np.asarray(scores, np.float64).ravel())
    if not len(array) or np.isnan(array[-1]):
        raise ValueError("there are no scores, or one is NaN")
    return array
