"""PA%K: point adjustment for those who found more than K percent of a segment.

Kim et al., "Towards a Rigorous Evaluation of Time-series Anomaly Detection", AAAI 2022,
arXiv 2109.05257.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from joulelab.stats.anomaly.f1 import best_of_gains
from joulelab.stats.anomaly.truth import Floats, Ints, Truth, checked

PERCENTS = tuple(range(0, 101, 5))


def pak_curve(scores: npt.ArrayLike, truth: Truth, percents: Sequence[float] = PERCENTS) -> Floats:
    """The best F1 of any threshold at each K: K = 0 is point adjustment, K = 100 none at all.

    Exact, O(n log n) and O(n) more for each K. ValueError where all steps are alike.
    """
    array = checked(scores, truth)
    order = np.argsort(-array, kind="stable")
    ranks, lengths = _ranks(truth, order)
    values = [
        best_of_gains(array, truth, _gains(ranks, lengths, percent), order).f1
        for percent in percents
    ]
    return np.array(values)


def pak_auc(scores: npt.ArrayLike, truth: Truth, percents: Sequence[float] = PERCENTS) -> float:
    """Area under `pak_curve` over K, both from 0 to 1, by trapezoids."""
    curve = pak_curve(scores, truth, percents)
    return float(np.trapezoid(curve, np.asarray(percents) / (percents[-1] - percents[0])))


def _ranks(truth: Truth, order: npt.NDArray[np.intp]) -> tuple[Ints, Ints]:
    """(n,) place of each anomalous step among those of its segment, the highest score 1, and the
    length of its segment; 0 and 0 for a normal step."""
    lengths = np.diff(truth.segments, axis=1)[:, 0]
    segment = np.repeat(np.arange(len(lengths)), lengths)
    place_in_order = np.empty(len(truth), np.int64)
    place_in_order[order] = np.arange(len(truth))
    anomalous = np.flatnonzero(truth.labels)
    by_segment = np.lexsort((place_in_order[anomalous], segment))
    ranks = np.zeros(len(truth), np.int64)
    starts = np.cumsum(lengths) - lengths
    ranks[anomalous[by_segment]] = np.arange(len(anomalous)) - np.repeat(starts, lengths) + 1
    out = np.zeros(len(truth), np.int64)
    out[anomalous] = lengths[segment]
    return ranks, out


def _gains(ranks: Ints, lengths: Ints, percent: float) -> Ints:
    """A step counts one until its segment has more than K percent, then the rest counts at once."""
    turning = np.floor(lengths * (percent / 100)).astype(np.int64) + 1
    gains = np.where(ranks < turning, 1, 0)
    gains[ranks == turning] = (lengths - turning + 1)[ranks == turning]
    gains[lengths == 0] = 0
    return gains
