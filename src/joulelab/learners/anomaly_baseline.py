"""What trivial scores reach on anomaly data, judged exactly like a model."""

from __future__ import annotations

from joulelab.data.anomaly import AnomalyData
from joulelab.protocols import Data
from joulelab.records import Metrics
from joulelab.stats.anomaly.judge import Settings, judge_beside
from joulelab.stats.anomaly.trivial import trivial_scores
from joulelab.stats.anomaly.truth import Truth


def trivial(data: Data, settings: Settings | None = None, seeds: int = 5) -> Metrics:
    """`baseline/<metric>` (the best trivial row) and `baseline/<row>/<metric>` on the points of test
    that windows end at; {} for data that has no series to read."""
    if not isinstance(data, AnomalyData):
        return {}
    train, test = data.split("train"), data.split("test")
    scores = trivial_scores(train.values, test.values, seeds)
    calm = trivial_scores(train.values, train.values, seeds)
    return judge_beside(
        {row: [one[test.ends] for one in several] for row, several in scores.items()},
        truth_of(data, "test"),
        calm,
        settings,
    )


def truth_of(data: AnomalyData, split: str) -> Truth:
    """Labels of the points that windows end at, and which of them lie in one series."""
    part = data.split(split)
    if part.joined:
        return Truth.of(part.targets())
    return Truth.of_entities(part.targets(), part.entity_of())
