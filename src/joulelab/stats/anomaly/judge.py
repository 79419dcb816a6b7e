"""All figures of one score, and of the trivial scores beside it, by name.

A name is `<prefix>/<metric>`: `test/vus_pr`, `test/point_f1`, `test/point_adjusted_f1_best` ... A metric
that is undefined for this data is a missing key. docs/anomaly_metrics.md tells what each one says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from joulelab.stats.anomaly import f1
from joulelab.stats.anomaly.affiliation import affiliation
from joulelab.stats.anomaly.pak import pak_auc
from joulelab.stats.anomaly.pot import pot_threshold, spot_thresholds
from joulelab.stats.anomaly.pot_reference import reference_threshold
from joulelab.stats.anomaly.truth import Bools, Floats, Truth
from joulelab.stats.anomaly.vus import volumes

Pot = Literal["static", "spot", "reference"]
Scores = npt.ArrayLike
NOT_RANKED = (
    "nan_scores",
    "latency_steps_best",
    "latency_steps_pot",
    "pot_threshold",
    "best_threshold",
)
"""Figures of which a larger one is not a better one."""


@dataclass(frozen=True)
class Settings:
    """`pot`: `static` is one threshold from the normal scores, `spot` moves it along the judged ones,
    `reference` is the released OmniAnomaly's. `risk` and `level`: see `pot.py`."""

    pot: Pot = "static"
    risk: float = 1e-3
    level: float = 0.01
    buffer_steps: int = 100


def judge(
    scores: Scores,
    truth: Truth,
    normal_scores: Scores | None = None,
    settings: Settings | None = None,
    prefix: str = "test",
) -> dict[str, float]:
    """Figures of (n,) scores, pooled over all series, larger scores being more anomalous.

    `normal_scores`, those of normal times (train or val), give the POT threshold and its figures.
    {`<prefix>/nan_scores`: how many} where a score is NaN; {} where all steps are alike.
    """
    array = np.asarray(scores, np.float64).ravel()
    if (unknown := int(np.isnan(array).sum())) > 0:
        return {f"{prefix}/nan_scores": float(unknown)}
    if not truth.decidable:
        return {}
    used = settings or Settings()
    found = {**_without_threshold(array, truth, used), **_at_best(array, truth)}
    if normal_scores is not None:
        found.update(_at_pot(array, truth, np.asarray(normal_scores, np.float64).ravel(), used))
    return {f"{prefix}/{name}": value for name, value in found.items() if not math.isnan(value)}


def judge_each(
    scores: Scores,
    truth: Truth,
    names: Sequence[str],
    normal_scores: Scores | None = None,
    settings: Settings | None = None,
) -> dict[str, dict[str, float]]:
    """The figures of each series alone, by its name, without prefix; {} for one that has no anomaly."""
    array = np.asarray(scores, np.float64).ravel()
    edges = truth.bounds.tolist()
    each = {}
    for name, start, stop in zip(names, edges[:-1], edges[1:], strict=True):
        part = Truth.of(truth.labels[start:stop])
        found = judge(array[start:stop], part, normal_scores, settings, "")
        each[name] = {key.removeprefix("/"): value for key, value in found.items()}
    return each


def mean_of_each(each: Mapping[str, Mapping[str, float]], prefix: str = "test") -> dict[str, float]:
    """`<prefix>/<metric>_per_entity`: the mean over the series that have the metric."""
    names = sorted({name for figures in each.values() for name in figures})
    return {
        f"{prefix}/{name}_per_entity": float(
            np.mean([figures[name] for figures in each.values() if name in figures])
        )
        for name in names
        if name != "nan_scores"
    }


def judge_beside(
    rows: Mapping[str, Sequence[Scores]],
    truth: Truth,
    normal: Mapping[str, Sequence[Scores]] | None = None,
    settings: Settings | None = None,
    prefix: str = "baseline",
) -> dict[str, float]:
    """Figures of other scores on the same data: `baseline/<row>/<metric>`, the mean over a row's
    scores (`..._std` beside it where there are several), and `baseline/<metric>`, the best row's.

    `normal`: the same rows on normal times, for POT. An untrained model is a row like any other.
    """
    found: dict[str, float] = {}
    best: dict[str, float] = {}
    for row, several in rows.items():
        calm = (normal or {}).get(row, [None] * len(several))
        each = [
            judge(scores, truth, quiet, settings, "")
            for scores, quiet in zip(several, calm, strict=True)
        ]
        for name in sorted({name for figures in each for name in figures}):
            values = [figures[name] for figures in each if name in figures]
            mean = float(np.mean(values))
            found[f"{prefix}/{row}{name}"] = mean
            if len(values) > 1:
                found[f"{prefix}/{row}{name}_std"] = float(np.std(values, ddof=1))
            if name[1:] not in NOT_RANKED:
                best[name] = max(mean, best.get(name, -math.inf))
    return {**{f"{prefix}{name}": value for name, value in best.items()}, **found}


def _without_threshold(array: Floats, truth: Truth, settings: Settings) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    volume = volumes(array, truth, settings.buffer_steps)
    # scikit-learn takes no infinite score, its place among the others says the same.
    ranks = np.unique(array, return_inverse=True)[1]
    return {
        "vus_pr": volume.pr,
        "vus_roc": volume.roc,
        "auc_pr": float(average_precision_score(truth.labels, ranks)),
        "auc_roc": float(roc_auc_score(truth.labels, ranks)),
        "pak_auc": pak_auc(array, truth),
    }


def _at_best(array: Floats, truth: Truth) -> dict[str, float]:
    best = f1.best_point(array, truth)
    adjusted = f1.best_point_adjusted(array, truth)
    near = affiliation(f1.flags(array, best.threshold), truth)
    flagged = f1.flags(array, adjusted.threshold)
    return {
        "point_f1": best.f1,
        "point_precision": best.precision,
        "point_recall": best.recall,
        "best_threshold": best.threshold,
        "point_adjusted_f1_best": adjusted.f1,
        "point_adjusted_precision_best": adjusted.precision,
        "point_adjusted_recall_best": adjusted.recall,
        "latency_steps_best": f1.latency_steps(flagged, truth),
        "affiliation_precision": near.precision,
        "affiliation_recall": near.recall,
        "affiliation_f1": near.f1,
    }


def _at_pot(array: Floats, truth: Truth, normal: Floats, settings: Settings) -> dict[str, float]:
    try:
        threshold = _pot(array, normal, settings)
    except ValueError:
        return {}
    flagged = f1.flags(array, threshold)
    return {"pot_threshold": float(np.mean(threshold)), **_verdicts(flagged, truth)}


def _pot(array: Floats, normal: Floats, settings: Settings) -> float | Floats:
    if settings.pot == "spot":
        return spot_thresholds(normal, array, settings.risk, settings.level)
    if settings.pot == "reference":
        return reference_threshold(normal, array, settings.risk, settings.level).threshold
    return pot_threshold(normal, settings.risk, settings.level)


def _verdicts(flagged: Bools, truth: Truth) -> dict[str, float]:
    near = affiliation(flagged, truth)
    return {
        "point_f1_pot": f1.count(flagged, truth).f1,
        "point_adjusted_f1_pot": f1.count(f1.adjusted(flagged, truth), truth).f1,
        "latency_steps_pot": f1.latency_steps(flagged, truth),
        "affiliation_f1_pot": near.f1,
    }
