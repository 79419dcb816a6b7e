"""Seconds to judge a series of 100,000 steps with 40 anomalies, beside what it is written against.

Best point-adjusted F1: a grid of 800 thresholds, each a loop over the segments. PA%K: the same over 21
values of K on a grid of 100. VUS: aeon, which samples 250 thresholds; ours takes every one (and the same
250 in the test that compares both to 1e-12). CPU seconds of one thread, best of three.

    python benchmarks/anomaly_metrics.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from collections.abc import Callable

import numpy as np

from joulelab.stats.anomaly import f1
from joulelab.stats.anomaly.affiliation import affiliation
from joulelab.stats.anomaly.judge import Settings, judge
from joulelab.stats.anomaly.pak import PERCENTS, pak_auc
from joulelab.stats.anomaly.pot import pot_threshold, spot_thresholds
from joulelab.stats.anomaly.truth import Truth
from joulelab.stats.anomaly.vus import volumes

STEPS, ANOMALIES, BUFFER_STEPS, REPEATS = 100_000, 40, 100, 3


def series() -> tuple[np.ndarray, Truth, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.zeros(STEPS, bool)
    for start in random.choice(STEPS // 500, ANOMALIES, replace=False) * 500:
        labels[start : start + random.integers(5, 450)] = True
    scores = random.gamma(2, size=STEPS) + 0.5 * labels
    return scores, Truth.of(labels), random.gamma(2, size=STEPS)


def cpu_s(work: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def grid_f1(scores: np.ndarray, truth: Truth, percent: float, count: int) -> float:
    best = 0.0
    for threshold in np.linspace(scores.min(), scores.max(), count):
        flagged = scores >= threshold
        for start, stop in truth.segments.tolist():
            if 100 * flagged[start:stop].sum() > percent * (stop - start):
                flagged[start:stop] = True
        best = max(best, f1.count(flagged, truth).f1)
    return best


def aeon_volumes(scores: np.ndarray, truth: Truth) -> float:
    from aeon.benchmarking.metrics.anomaly_detection import range_pr_vus_score

    return float(range_pr_vus_score(truth.labels.astype(int), scores, BUFFER_STEPS))


def main() -> None:
    scores, truth, normal = series()
    flagged = f1.flags(scores, f1.best_point(scores, truth).threshold)
    ours: dict[str, Callable[[], object]] = {
        "best point F1": lambda: f1.best_point(scores, truth),
        "best point-adjusted F1": lambda: f1.best_point_adjusted(scores, truth),
        "PA%K AUC": lambda: pak_auc(scores, truth),
        "VUS-PR and VUS-ROC": lambda: volumes(scores, truth, BUFFER_STEPS),
        "affiliation": lambda: affiliation(flagged, truth),
        "POT threshold": lambda: pot_threshold(normal),
        "SPOT thresholds": lambda: spot_thresholds(normal, scores),
        "judge: all of them": lambda: judge(scores, truth, normal, Settings()),
    }
    against: dict[str, Callable[[], object]] = {
        "best point-adjusted F1": lambda: grid_f1(scores, truth, 0, 800),
        "PA%K AUC": lambda: [grid_f1(scores, truth, percent, 100) for percent in PERCENTS],
        "VUS-PR and VUS-ROC": lambda: aeon_volumes(scores, truth),
    }
    load = os.getloadavg()[0]
    print(
        f"{STEPS} steps, {len(truth.segments)} anomalies, {truth.positives} anomalous; load {load:.1f}"
    )
    for name, work in ours.items():
        own = cpu_s(work)
        other = cpu_s(against[name], 1) if name in against else None
        beside = "" if other is None else f"  beside {other:8.3f} s: {other / own:6.0f} times"
        print(f"{name:24s} {own:8.4f} s{beside}")


if __name__ == "__main__":
    main()
