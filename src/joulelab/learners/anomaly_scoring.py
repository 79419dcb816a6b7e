"""Figures of a detector on the splits of anomaly data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from joulelab.data.windows import WindowedSplit
from joulelab.errors import LearnerError
from joulelab.learners.anomaly_baseline import of_entities, rows_of_entities, truth_of
from joulelab.learners.detector import Array, Detector
from joulelab.learners.streaming import Range, all_points, points_of, some_points, stream
from joulelab.models.omnianomaly_spec import draw_noise
from joulelab.protocols import Data, Observer
from joulelab.records import Metrics
from joulelab.stats.anomaly.judge import Settings, judge, judge_beside
from joulelab.stats.anomaly.truth import Truth

_LOSS_BATCHES = 4


class Scoring:
    """`samples`: 0 scores with the mean of z, n with the logarithm of the mean likelihood of n draws,
    which depend on `seed` alone."""

    def __init__(self, detector: Detector, samples: int, seed: int, settings: Settings) -> None:
        self._detector = detector
        self._samples = samples
        self._seed = seed
        self._settings = settings

    def scores(
        self, split: WindowedSplit, ranges: Sequence[Range], stopped: Callable[[], bool]
    ) -> Any:
        """(n,) float64, larger being more anomalous; None when `stopped` says so."""
        if self._samples == 0:
            return stream(split, ranges, self._at_mean, stopped)
        total: Any = None
        for sample in range(self._samples):
            random = np.random.default_rng((self._seed, 4, sample))
            found = stream(split, ranges, partial(self._at_draw, random), stopped)
            if found is None:
                return None
            total = -found if total is None else np.logaddexp(total, -found)
        return np.log(self._samples) - total

    def validate(self, data: Data, points: int, batch_size: int, observer: Observer) -> Metrics:
        """`val/loss` (nats a step, at the same noise each time), `val/negative_log_likelihood` over
        about `points` points, and, where val has anomalies, the figures of their scores. {} when asked
        to stop."""
        split = windowed(data, "val")
        found = self._losses(split, batch_size, observer)
        if found is None:
            return {}
        ranges = some_points(split, points)
        scores = self.scores(split, ranges, lambda: observer.should_stop() is not None)
        if scores is None:
            return {}
        labels = split.labels[points_of(ranges)]
        edges = np.cumsum([0, *(stop - start for start, stop in ranges)])
        normal = scores[~labels]
        if len(normal):
            found["val/negative_log_likelihood"] = float(normal.mean())
        return {**found, **judge(scores, Truth.of(labels, edges), None, self._settings, "val")}

    def test(self, data: Data, observer: Observer) -> Metrics:
        """`test/...`; {} when asked to stop."""

        def stopped() -> bool:
            return observer.should_stop() is not None

        scores = self._all(windowed(data, "test"), stopped)
        if scores is None:
            return {}
        normal = self._all(windowed(data, "train"), stopped)
        if normal is None:
            return {}
        found = judge(scores, truth_of(data, "test"), normal, self._settings)
        return {**found, **of_entities(scores, data)}

    def untrained(self, data: Data) -> Metrics:
        """`baseline/untrained/...`, and `baseline/...` as if there were no other row."""
        test, train = (self._all(windowed(data, name), lambda: False) for name in ("test", "train"))
        rows = {"untrained": [test]}
        pooled = judge_beside(rows, truth_of(data, "test"), {"untrained": [train]}, self._settings)
        return {**pooled, **rows_of_entities(rows, data)}

    def _all(self, split: WindowedSplit, stopped: Callable[[], bool]) -> Any:
        return self.scores(split, all_points(split), stopped)

    def _at_mean(self, chunks: Array) -> Array:
        return self._detector.score(
            chunks, np.zeros((len(chunks), 1, self._detector.sizes.z), np.float32)
        )

    def _at_draw(self, random: np.random.Generator, chunks: Array) -> Array:
        noise = draw_noise(self._detector.sizes, chunks.shape[0], chunks.shape[1], random)
        return self._detector.score(chunks, noise)

    def _losses(self, split: WindowedSplit, batch_size: int, observer: Observer) -> Metrics | None:
        random = np.random.default_rng((self._seed, 3))
        count = min(len(split), _LOSS_BATCHES * batch_size)
        chosen = np.linspace(0, len(split) - 1, count).astype(np.int64)
        losses, sizes = [], []
        for first in range(0, count, batch_size):
            if observer.should_stop() is not None:
                return None
            windows = time_first(split, chosen[first : first + batch_size])
            noise = draw_noise(self._detector.sizes, len(windows), windows.shape[1], random)
            losses.append(self._detector.loss(windows, noise))
            sizes.append(windows.shape[1])
        return {"val/loss": float(np.average(losses, weights=sizes))}


def windowed(data: Data, name: str) -> WindowedSplit:
    split = data.split(name)
    if not isinstance(split, WindowedSplit):
        raise LearnerError(
            f"{data.spec.name} holds no windows of series", where="data", cure="say data=telemetry"
        )
    return split


def time_first(split: WindowedSplit, indices: Any) -> Array:
    """(T, b, d) float32, contiguous: the windows of these samples."""
    return np.ascontiguousarray(split.batch(indices).transpose(2, 0, 1))
