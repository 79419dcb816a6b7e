"""What trivial scores reach on anomaly data, judged exactly like a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from joulelab.data.windows import WindowedSplit
from joulelab.errors import LearnerError
from joulelab.protocols import Data
from joulelab.records import Metrics
from joulelab.stats.anomaly.judge import Settings, judge_beside
from joulelab.stats.anomaly.trivial import trivial_scores
from joulelab.stats.anomaly.truth import Floats, Truth


def trivial(data: Data, settings: Settings | None = None, seeds: int = 5) -> Metrics:
    """`baseline/<metric>` (the best trivial row) and `baseline/<row>/<metric>`, at the points of test
    that windows end at; {} for data that is not made of windows of series."""
    train, test = data.split("train"), data.split("test")
    if not (isinstance(train, WindowedSplit) and isinstance(test, WindowedSplit)):
        return {}
    return judge_beside(
        trivial_rows(train, test, seeds),
        truth_of(data, "test"),
        trivial_rows(train, train, seeds),
        settings,
    )


def trivial_rows(
    train: WindowedSplit, test: WindowedSplit, seeds: int = 5
) -> dict[str, Sequence[Floats]]:
    """(len(test),) scores by row, one a window of `test`, larger being more anomalous."""
    found = trivial_scores(train.values, test.values, seeds)
    return {row: [scores[test.ends] for scores in several] for row, several in found.items()}


def truth_of(data: Data, name: str) -> Truth:
    """Labels of the points that the windows of a split end at, and which of them lie in one series."""
    split = data.split(name)
    if not isinstance(split, WindowedSplit):
        raise LearnerError(f"{data.spec.name} holds no windows of series", where="data")
    if split.joined:
        return Truth.of(split.targets())
    # A series for every entity, one that is shorter than a window is empty: names stay in step.
    bounds = np.searchsorted(split.entity_of(), np.arange(len(split.names) + 1))
    return Truth.of(split.targets(), bounds)
