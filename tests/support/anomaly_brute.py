"""The metrics of anomaly scores once more, as their definitions read: loops, no tricks."""

from __future__ import annotations

import itertools

import numpy as np


def segments(labels, bounds=None):
    edges = [0, len(labels)] if bounds is None else list(bounds)
    found = []
    for low, high in itertools.pairwise(edges):
        start = None
        for step in range(low, high + 1):
            inside = step < high and labels[step]
            if inside and start is None:
                start = step
            if not inside and start is not None:
                found.append((start, step))
                start = None
    return found


def f1_of(predicted, labels):
    hits = sum(1 for p, y in zip(predicted, labels, strict=True) if p and y)
    wrong = sum(1 for p, y in zip(predicted, labels, strict=True) if bool(p) != bool(y))
    return 2 * hits / (2 * hits + wrong) if hits or wrong else float("nan")


def best_f1(scores, labels, percent=None, bounds=None):
    """Over every threshold; `percent` None: no adjustment, else segments found to more than it count
    whole."""
    best = 0.0
    for threshold in sorted(set(scores)):
        predicted = [score >= threshold for score in scores]
        if percent is not None:
            for start, stop in segments(labels, bounds):
                if 100 * sum(predicted[start:stop]) > percent * (stop - start):
                    predicted[start:stop] = [True] * (stop - start)
        best = max(best, f1_of(predicted, labels))
    return best


def latency(predicted, labels):
    delays = [predicted[a:b].index(True) for a, b in segments(labels) if True in predicted[a:b]]
    return sum(delays) / len(delays) if delays else float("nan")


def softened(labels, buffer_steps, bounds=None):
    edges = [0, len(labels)] if bounds is None else list(bounds)
    soft = [float(label) for label in labels]
    if buffer_steps <= 1:
        return soft
    for low, high in itertools.pairwise(edges):
        for start, stop in segments(labels[low:high]):
            for step in range(low, high):
                before, after = low + start - step, step - (low + stop - 1)
                if 0 < before <= buffer_steps // 2:
                    soft[step] += (1 - before / buffer_steps) ** 0.5
                if 0 < after < buffer_steps // 2:
                    soft[step] += (1 - after / buffer_steps) ** 0.5
    return [min(value, 1.0) for value in soft]


def range_areas(scores, labels, buffer_steps, bounds=None):
    soft = softened(labels, buffer_steps, bounds)
    positives = (sum(labels) + sum(soft)) / 2
    wide = segments([value > 0 for value in soft], bounds)
    curve = [(0.0, 0.0, 1.0)]
    for threshold in sorted(set(scores), reverse=True):
        flagged = [score >= threshold for score in scores]
        hits = sum(value for value, flag in zip(soft, flagged, strict=True) if flag)
        found = sum(any(flagged[a:b]) for a, b in wide) / len(wide)
        fall_out = (sum(flagged) - hits) / (len(labels) - positives)
        curve.append((min(fall_out, 1), min(hits / positives, 1) * found, hits / sum(flagged)))
    pr = sum((b[1] - a[1]) * (b[2] + a[2]) / 2 for a, b in itertools.pairwise(curve))
    curve.append((1.0, 1.0, 0.0))
    roc = sum((b[0] - a[0]) * (b[1] + a[1]) / 2 for a, b in itertools.pairwise(curve))
    return pr, roc


def affiliation(flagged, labels, parts=40):
    """By sums over `parts` moments a step instead of integrals."""
    events = segments(labels)
    n = len(labels)
    moments = (np.arange(n * parts) + 0.5) / parts
    on = np.repeat(np.asarray(flagged, bool), parts)
    middles = [(a[1] + b[0]) / 2 for a, b in itertools.pairwise(events)]
    borders = [0.0, *middles, float(n)]
    precisions, recalls = [], []
    for place, (start, stop) in enumerate(events):
        inside = (moments > borders[place]) & (moments < borders[place + 1])
        zone, seen = moments[inside], moments[inside & on]
        far = np.maximum(np.maximum(start - zone, zone - stop), 0)
        if len(seen):
            distances = np.maximum(np.maximum(start - seen, seen - stop), 0)
            precisions.append(np.mean([(far >= d).mean() for d in distances]))
        of_event = zone[(zone > start) & (zone < stop)]
        if not len(seen):
            recalls.append(0.0)
            continue
        nearest = [_gap(y, flagged, borders[place : place + 2]) for y in of_event]
        recalls.append(
            np.mean(
                [(np.abs(zone - y) >= d).mean() for y, d in zip(of_event, nearest, strict=True)]
            )
        )
    return (float(np.mean(precisions)) if precisions else float("nan")), float(np.mean(recalls))


def _gap(moment, flagged, zone):
    """Distance to the nearest flagged time inside the zone."""
    gaps = [np.inf]
    for start, stop in segments(flagged):
        first, last = max(start, zone[0]), min(stop, zone[1])
        if first < last:
            gaps.append(max(first - moment, moment - last, 0))
    return min(gaps)
