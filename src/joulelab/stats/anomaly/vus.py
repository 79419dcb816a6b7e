"""Volume under the surface: range-aware areas under PR and ROC curves, averaged over buffers.

Paparrizos et al., "Volume Under the Surface: A New Accuracy Evaluation Measure for Time-Series
Anomaly Detection", PVLDB 15(11), 2022, doi 10.14778/3551793.3551830. Slopes are those of the authors'
code (the one after a segment begins on its last step), so that figures compare.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from joulelab.stats.anomaly.truth import Bools, Floats, Ints, Truth, checked

AUTHORS_THRESHOLDS = 250


class Volume(NamedTuple):
    pr: float
    roc: float


def volumes(
    scores: npt.ArrayLike, truth: Truth, buffer_steps: int = 100, thresholds: int | None = None
) -> Volume:
    """VUS-PR and VUS-ROC: means over buffers of 0, 1 ... `buffer_steps` steps.

    `thresholds` None: at every distinct score, exact; else at so many scores, evenly by rank, as the
    authors' code (250). O(n log n + n buffer_steps). ValueError where all steps are alike.
    """
    array = checked(scores, truth)
    if not truth.decidable:
        raise ValueError("there is nothing to tell apart: all steps are alike")
    ranking = _ranking(array, _softened(truth, buffer_steps) > 0, thresholds)
    areas = [_areas(ranking, truth, _softened(truth, steps)) for steps in range(buffer_steps + 1)]
    pr, roc = np.mean(areas, axis=0).tolist()
    return Volume(pr, roc)


class _Ranking(NamedTuple):
    array: Floats
    near: Ints  # steps that any buffer reaches, the highest score first
    thresholds: Floats  # (m,) falling
    flagged: Ints  # (m,) steps at or above each
    flagged_near: Ints  # (m,) those of them that are `near`


def _ranking(array: Floats, near: Bools, thresholds: int | None) -> _Ranking:
    order = np.argsort(-array, kind="stable")
    ranked, near_ranked = array[order], near[order]
    # A threshold flags all of its ties, so it is at the last of them.
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    reached = np.cumsum(near_ranked, dtype=np.int64)
    if thresholds is None:
        # Both areas are straight where nothing near is flagged: only the ends of such stretches count.
        steps = np.diff(reached[ends], prepend=0) > 0
        ends = ends[steps | np.append(steps[1:], True)]
    else:
        sampled = np.linspace(0, len(array) - 1, thresholds, dtype=np.int64)
        ends = ends[np.searchsorted(ends, sampled)]
    return _Ranking(array, order[near_ranked], ranked[ends], ends + 1, reached[ends])


def _softened(truth: Truth, buffer_steps: int) -> Floats:
    """(n,) labels in 0 to 1: segments with slopes of sqrt(1 - distance / buffer) at both sides."""
    soft = truth.labels.astype(np.float64)
    if buffer_steps <= 1:
        return soft
    distance = np.arange(buffer_steps // 2 + 1)
    slope = np.sqrt(1 - distance / buffer_steps)
    series_of = np.searchsorted(truth.bounds, truth.segments[:, 0], side="right") - 1
    for (start, stop), series in zip(truth.segments.tolist(), series_of.tolist(), strict=True):
        first, last = truth.bounds[series], truth.bounds[series + 1]
        before = min(start - first, buffer_steps // 2)
        after = min(last - stop, buffer_steps // 2 - 1)
        soft[start - before : start] += slope[before:0:-1]
        soft[stop : stop + after] += slope[1 : after + 1]
    return np.minimum(soft, 1)


def _areas(ranking: _Ranking, truth: Truth, soft: Floats) -> tuple[float, float]:
    hits = np.append(0.0, np.cumsum(soft[ranking.near]))[ranking.flagged_near]
    positives = (truth.positives + soft.sum()) / 2
    recall = np.minimum(hits / positives, 1) * _existence(ranking, truth, soft)
    fall_out = np.minimum((ranking.flagged - hits) / (len(truth) - positives), 1)
    precision = hits / ranking.flagged
    pr = np.trapezoid(np.append(1.0, precision), np.append(0.0, recall))
    roc = np.trapezoid(
        np.concatenate([[0.0], recall, [1.0]]), np.concatenate([[0.0], fall_out, [1.0]])
    )
    return float(pr), float(roc)


def _existence(ranking: _Ranking, truth: Truth, soft: Floats) -> Floats:
    """(m,) share of the softened segments in which anything is flagged."""
    tops = Truth(soft > 0, truth.bounds).maxima(ranking.array)
    # Thresholds fall: a segment is found from the first one at or below its top on.
    first = np.searchsorted(-ranking.thresholds, -tops, side="left")
    found = np.bincount(first, minlength=len(ranking.thresholds) + 1)[: len(ranking.thresholds)]
    return np.asarray(np.cumsum(found) / len(tops))
