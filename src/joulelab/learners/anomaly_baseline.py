"""What trivial scores reach on anomaly data, judged exactly like a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from joulelab.data.windows import WindowedSplit
from joulelab.errors import LearnerError
from joulelab.protocols import Data
from joulelab.records import Metrics
from joulelab.stats.anomaly.judge import Settings, judge_beside, judge_each, mean_of_each
from joulelab.stats.anomaly.trivial import trivial_scores
from joulelab.stats.anomaly.truth import Floats, Truth

PER_ENTITY = ("vus_pr", "vus_roc", "point_f1", "pak_auc", "point_adjusted_f1_best")
"""Figures that are told for the mean of the entities too."""


def trivial(data: Data, settings: Settings | None = None, seeds: int = 5) -> Metrics:
    """`baseline/<metric>` (the best trivial row) and `baseline/<row>/<metric>`, at the points of test
    that windows end at; {} for data that is not made of windows of series."""
    train, test = data.split("train"), data.split("test")
    if not (isinstance(train, WindowedSplit) and isinstance(test, WindowedSplit)):
        return {}
    rows = trivial_rows(train, test, seeds)
    pooled = judge_beside(rows, truth_of(data, "test"), trivial_rows(train, train, seeds), settings)
    return {**pooled, **rows_of_entities(rows, data)}


def trivial_rows(
    train: WindowedSplit, test: WindowedSplit, seeds: int = 5
) -> dict[str, Sequence[Floats]]:
    """(len(test),) scores by row, one a window of `test`, larger being more anomalous."""
    found = trivial_scores(train.values, test.values, seeds)
    return {row: [scores[test.ends] for scores in several] for row, several in found.items()}


def of_entities(scores: Floats, data: Data, prefix: str = "test") -> Metrics:
    """`<prefix>/<metric>_per_entity`, the mean over the entities of test, each judged alone; {} where
    there is only one, or all count as one series."""
    truth, names = truth_of(data, "test"), getattr(data.split("test"), "names", ())
    if not 1 < len(names) == len(truth.bounds) - 1:
        return {}
    means = mean_of_each(judge_each(scores, truth, names), prefix)
    kept = {f"{prefix}/{name}_per_entity" for name in PER_ENTITY}
    return {key: value for key, value in means.items() if key in kept}


def rows_of_entities(rows: Mapping[str, Sequence[Floats]], data: Data) -> Metrics:
    """`baseline/<row>/<metric>_per_entity` of each row's first score, and `baseline/<metric>_per_entity`
    of the best row."""
    found: Metrics = {}
    for row, several in rows.items():
        for key, value in of_entities(several[0], data, row).items():
            best = f"baseline/{key.removeprefix(row + '/')}"
            found[f"baseline/{key}"] = value
            found[best] = max(value, found.get(best, value))
    return found


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
