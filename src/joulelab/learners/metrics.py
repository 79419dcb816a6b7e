"""Quality of a classifier, computed in one place for every learner and baseline.

scikit-learn, because it costs the scikit-learn path nothing and the Lightning path 0.4 s of
imports; torchmetrics costs the former 1.3 s.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn import metrics as skm
from sklearn.exceptions import UndefinedMetricWarning

from joulelab.errors import LearnerError
from joulelab.records import DataSpec, Metrics, Task

TASKS: tuple[Task, ...] = ("multiclass", "multilabel")


def check_task(spec: DataSpec) -> None:
    """LearnerError for anything but classification."""
    if spec.task not in TASKS:
        raise LearnerError(
            f"{spec.name} is a task of {spec.task}, this learner classifies",
            where="model",
            cure="choose another model or data",
        )


def classification_metrics(spec: DataSpec, scores: Any, targets: Any, prefix: str) -> Metrics:
    """`<prefix>/<name>` of (n, classes) scores; nothing of no samples.

    multiclass, targets (n,) class indices: `accuracy`, `f1_macro` over the classes that occur or
    are predicted. multilabel, targets (n, classes) of 0 and 1: `f1_macro`, `f1_micro`, `hamming`
    (share of right label bits) for a score >= 0, a probability of one half; `ap_macro` over the
    classes that occur, `ap_micro`. A metric that is undefined is a missing key.
    """
    check_task(spec)
    scores, targets = np.asarray(scores), np.asarray(targets)
    if len(targets) == 0:
        return {}
    with warnings.catch_warnings():
        # Undefined ones are left out below.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        named = _multiclass if spec.task == "multiclass" else _multilabel
        found = named(scores, targets)
    return {f"{prefix}/{name}": float(x) for name, x in found.items() if np.isfinite(x)}


def _multiclass(scores: Any, targets: Any) -> dict[str, float]:
    predicted = scores.argmax(axis=1)
    return {
        "accuracy": skm.accuracy_score(targets, predicted),
        "f1_macro": skm.f1_score(targets, predicted, average="macro", zero_division=0),
    }


def _multilabel(scores: Any, targets: Any) -> dict[str, float]:
    truth = targets.astype(np.int8)
    predicted = (scores >= 0).astype(np.int8)
    found = {
        "f1_macro": skm.f1_score(truth, predicted, average="macro", zero_division=np.nan),
        "f1_micro": skm.f1_score(truth, predicted, average="micro", zero_division=np.nan),
        "hamming": float((truth == predicted).mean()),
    }
    occurs = truth.any(axis=0)
    if occurs.any():
        columns = (truth[:, occurs], scores[:, occurs])
        found["ap_macro"] = skm.average_precision_score(*columns, average="macro")
        found["ap_micro"] = skm.average_precision_score(truth, scores, average="micro")
    return found


def logit_loss(spec: DataSpec, logits: Any, targets: Any) -> float:
    """Mean cross-entropy (nats) of (n, classes) logits: softmax, or a sigmoid for each label."""
    logits = np.asarray(logits, np.float64)
    targets = np.asarray(targets)
    if spec.task == "multiclass":
        total = np.logaddexp.reduce(logits, axis=1)
        return float((total - logits[np.arange(len(targets)), targets]).mean())
    return float((np.logaddexp(0, logits) - targets * logits).mean())
