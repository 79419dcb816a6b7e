"""One sentence: does the model know more than the trivial scores beside it?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DECISIVE = ("vus_pr", "point_f1")
"""What decides: one metric without threshold, one without point adjustment."""

_K = 2.0  # standard errors that a difference must exceed


@dataclass(frozen=True)
class Comparison:
    """A metric of the model (mean over runs, standard error, NaN for one run) and of the best trivial
    row."""

    metric: str
    model: float
    u_model: float
    row: str
    trivial: float
    u_trivial: float

    @property
    def better(self) -> bool:
        u = math.hypot(*(0.0 if math.isnan(u) else u for u in (self.u_model, self.u_trivial)))
        return self.model - self.trivial > _K * u

    def __str__(self) -> str:
        spread = "" if math.isnan(self.u_model) else f" ± {self.u_model:.3f}"
        return f"{self.metric} {self.model:.3f}{spread} against {self.trivial:.3f} of {self.row}"


def verdict(
    runs: Sequence[Mapping[str, float]],
    metrics: Sequence[str] = DECISIVE,
    prefix: str = "test",
    baseline: str = "baseline",
) -> str:
    """From the metrics of one or several runs of a configuration, as `judge` and `judge_beside` name
    them. The model beats the trivial rows where it is better by more than two standard errors in
    each of `metrics`; one run has no standard error, and the sentence says so."""
    found = [comparison(runs, metric, prefix, baseline) for metric in metrics]
    known = [item for item in found if item is not None]
    if len(known) < len(metrics):
        return "Whether the model beats the trivial rows is unknown: not all of them were judged."
    won = [item for item in known if item.better]
    if len(won) == len(known):
        claim = "The model beats every trivial row"
    elif won:
        where = " and ".join(item.metric for item in won)
        claim = f"The model beats every trivial row in {where} only"
    else:
        claim = "The model does NOT beat the trivial rows"
    count = (
        "one run, so without a spread" if len(runs) == 1 else f"{len(runs)} runs, ± standard error"
    )
    return f"{claim}: {'; '.join(map(str, known))} ({count})."


def comparison(
    runs: Sequence[Mapping[str, float]], metric: str, prefix: str, baseline: str
) -> Comparison | None:
    """None where the model or every trivial row lacks the metric."""
    ours = [run[f"{prefix}/{metric}"] for run in runs if f"{prefix}/{metric}" in run]
    rows = {
        key.split("/")[1]
        for run in runs
        for key in run
        if key.startswith(f"{baseline}/") and key.endswith(f"/{metric}") and key.count("/") == 2
    }
    if not ours or not rows:
        return None
    theirs = {row: _values(runs, f"{baseline}/{row}/{metric}") for row in rows}
    row = max(sorted(rows), key=lambda name: float(np.mean(theirs[name])))
    spread = _values(runs, f"{baseline}/{row}/{metric}_std")
    u_row = float(np.mean(spread)) if spread else _error(theirs[row])
    return Comparison(
        metric, float(np.mean(ours)), _error(ours), row, float(np.mean(theirs[row])), u_row
    )


def _values(runs: Sequence[Mapping[str, float]], key: str) -> list[float]:
    return [run[key] for run in runs if key in run]


def _error(values: Sequence[float]) -> float:
    """Standard error of the mean; NaN for one value."""
    return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
