"""What the most frequent answer reaches: the figure that a model has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np

from joulelab.learners.metrics import classification_metrics
from joulelab.protocols import Data, Dataset
from joulelab.records import Metrics


def baseline(data: Data) -> Metrics:
    """`baseline/...` on the test split: trivial scores for anomalies, the most frequent class else."""
    if data.spec.task == "anomaly":
        from joulelab.learners.anomaly_baseline import trivial

        return trivial(data)
    return majority(data)


def majority(data: Data) -> Metrics:
    """`baseline/...` on the test split, from the targets of the training split alone.

    multiclass: the most frequent class. multilabel: each label's frequency as a constant score,
    predicted where it is one half or more. {} for tasks that have no classes.
    """
    spec = data.spec
    if spec.task not in ("multiclass", "multilabel"):
        return {}
    known, asked = targets(data.split("train")), targets(data.split("test"))
    if len(known) == 0 or len(asked) == 0:
        return {}
    if spec.task == "multiclass":
        score = np.bincount(known, minlength=len(spec.classes)).astype(np.float64)
    else:
        score = known.mean(axis=0, dtype=np.float64) - 0.5
    scores = np.broadcast_to(score, (len(asked), len(score)))
    return classification_metrics(spec, scores, asked, "baseline")


def targets(dataset: Dataset) -> Any:
    """(n,) int64 or (n, classes) float32; without reading inputs where the data set offers that."""
    offered = getattr(dataset, "targets", None)
    if callable(offered):
        return np.asarray(offered())
    return np.asarray([dataset[index][1] for index in range(len(dataset))])
