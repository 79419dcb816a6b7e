"""F1 of a threshold, point by point and point-adjusted, and the best that any threshold reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.stats.anomaly.truth import Bools, Floats, Ints, Truth, checked


@dataclass(frozen=True)
class Counts:
    """Steps by verdict and truth, and the threshold that gave the verdicts."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    threshold: float

    @property
    def precision(self) -> float:
        flagged = self.true_positive + self.false_positive
        return self.true_positive / flagged if flagged else float("nan")

    @property
    def recall(self) -> float:
        anomalous = self.true_positive + self.false_negative
        return self.true_positive / anomalous if anomalous else float("nan")

    @property
    def f1(self) -> float:
        both = 2 * self.true_positive + self.false_positive + self.false_negative
        return 2 * self.true_positive / both if both else float("nan")


def flags(scores: npt.ArrayLike, threshold: npt.ArrayLike) -> Bools:
    """(n,) true where the score is at or above the threshold (one, or one a step)."""
    return np.asarray(np.asarray(scores) >= np.asarray(threshold))


def adjusted(flagged: Bools, truth: Truth) -> Bools:
    """Point adjustment (Xu et al., WWW 2018, doi 10.1145/3178876.3185996): a segment with one flagged
    step counts as flagged throughout."""
    out = flagged.copy()
    for start, stop in truth.segments[truth.maxima(flagged)].tolist():
        out[start:stop] = True
    return out


def count(flagged: Bools, truth: Truth, threshold: float = float("nan")) -> Counts:
    hits = int((flagged & truth.labels).sum())
    false = int(flagged.sum()) - hits
    missed = truth.positives - hits
    return Counts(hits, false, missed, len(truth) - hits - false - missed, threshold)


def best_point(scores: npt.ArrayLike, truth: Truth) -> Counts:
    """The threshold with the highest point-wise F1, the highest such one; exact, O(n log n)."""
    array = checked(scores, truth)
    return best_of_gains(array, truth, truth.labels.astype(np.int64), np.argsort(-array))


def best_point_adjusted(scores: npt.ArrayLike, truth: Truth) -> Counts:
    """The threshold with the highest point-adjusted F1, the highest such one; exact, O(n log n).

    Only the highest score of a segment can be the best threshold: any lower one, down to the next
    segment's, flags more normal steps and adjusts nothing more.
    """
    array = checked(scores, truth)
    _check(truth)
    tops = truth.maxima(array)
    lengths = np.diff(truth.segments, axis=1)[:, 0]
    order = np.argsort(-tops, kind="stable")
    tops, hits = tops[order], np.cumsum(lengths[order])
    normal = np.sort(array[~truth.labels])
    false = len(normal) - np.searchsorted(normal, tops, side="left")
    return _best(tops, hits, false, truth)


def best_of_gains(array: Floats, truth: Truth, gains: Ints, order: npt.NDArray[np.intp]) -> Counts:
    """The best F1 over all thresholds, where step i adds `gains[i]` true positives once it is
    flagged; `order` sorts the scores, the highest first."""
    _check(truth)
    ranked = array[order]
    hits = np.cumsum(gains[order])
    false = np.cumsum(~truth.labels[order])
    # A threshold flags all of its ties: only the last of equal scores is one.
    last = np.append(ranked[1:] != ranked[:-1], True)
    return _best(ranked[last], hits[last], false[last], truth)


def _best(thresholds: Floats, hits: Ints, false: Ints, truth: Truth) -> Counts:
    f1 = 2 * hits / (hits + false + truth.positives)
    # Of equal thresholds the last one has all the hits; argmax takes the first of equal F1, which
    # is smaller for all but the last.
    place = int(f1.argmax())
    tp, fp = int(hits[place]), int(false[place])
    fn = truth.positives - tp
    return Counts(tp, fp, fn, len(truth) - tp - fp - fn, float(thresholds[place]))


def latency_steps(flagged: Bools, truth: Truth) -> float:
    """Mean steps from a segment's start to its first flagged step, over the segments that have one;
    NaN where none has."""
    found = truth.segments[truth.maxima(flagged)].tolist()
    delays = [int(flagged[start:stop].argmax()) for start, stop in found]
    return float(np.mean(delays)) if delays else float("nan")


def detected_share(flagged: Bools, truth: Truth) -> float:
    """Share of segments with at least one flagged step."""
    found = truth.maxima(flagged)
    return float(np.mean(found)) if len(found) else float("nan")


def _check(truth: Truth) -> None:
    if not truth.decidable:
        raise ValueError("there is nothing to tell apart: all steps are alike")
