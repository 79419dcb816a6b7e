"""Figures and joules against steps, from the runs of `experiment=omnianomaly_jetson` in a store.

A run answers for every step at which test was scored; runs that differ in their seed alone are one
row, its mean and standard deviation. Of a run that was continued the last piece counts: it has the whole
curve. Beside them the trivial rows and the untrained net, which every run judges on the same data.

    python -m benchmarks.omnianomaly_study sqlite:///mlruns/joulelab.db
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlflow.tracking import MlflowClient

from joulelab.continuing import TRAIN_J
from joulelab.stats.anomaly.verdict import verdict

FIGURES = {
    "vus_pr": "VUS-PR",
    "vus_roc": "VUS-ROC",
    "point_f1": "point F1",
    "point_adjusted_f1_best": "PA-F1 best",
    "point_adjusted_f1_pot": "PA-F1 POT",
    "pak_auc": "PA%K",
    "affiliation_f1": "affiliation",
    "latency_steps_best": "latency, steps",
    "vus_pr_per_entity": "VUS-PR a channel",
}
ROWS = ("random", "zscore", "pca", "untrained")


@dataclass
class Answer:
    """What one run says of one number of steps."""

    variant: str
    seed: str
    step: int
    metrics: dict[str, float] = field(default_factory=dict)


def answers_of(client: MlflowClient, run: Any) -> list[Answer]:
    params, final = run.data.params, run.data.metrics
    baseline = {key: x for key, x in final.items() if key.startswith("baseline/")}
    curve: dict[int, dict[str, float]] = defaultdict(dict)
    for key in final:
        if key.startswith("curve/"):
            for entry in client.get_metric_history(run.info.run_id, key):
                curve[entry.step][key.removeprefix("curve/")] = entry.value
    if not curve:
        return []
    if "test/vus_pr" in final:
        curve[max(curve)] |= {key: x for key, x in final.items() if key.startswith("test/")}
    return [
        Answer(params["model.detector.variant"], params["seed"], step, {**metrics, **baseline})
        for step, metrics in curve.items()
        if "test/vus_pr" in metrics
    ]


def latest(answers: Iterable[Answer]) -> list[Answer]:
    """One answer for a variant, seed and step: of the run that was stored last."""
    return list({(each.variant, each.seed, each.step): each for each in answers}.values())


def cell(values: Sequence[float], digits: int = 3, spread: float | None = None) -> str:
    """Mean ± standard deviation, `spread` where the values are themselves means."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "–"
    if len(known) > 1:
        spread = statistics.stdev(known)
    text = f"{statistics.fmean(known):.{digits}f}"
    return text if spread is None else f"{text} ± {spread:.{digits}f}"


def line(
    name: str, figures: Iterable[str], several: Sequence[Mapping[str, float]], prefix: str
) -> str:
    cells = [name]
    for key in figures:
        values = [metrics.get(f"{prefix}/{key}", math.nan) for metrics in several]
        spread = several[0].get(f"{prefix}/{key}_std") if several else None
        cells.append(cell(values, 0 if key.startswith("latency") else 3, spread))
    return "| " + " | ".join(cells)


def table(answers: Sequence[Answer]) -> str:
    figures = [key for key in FIGURES if any(f"test/{key}" in each.metrics for each in answers)]
    head = ["score", *(FIGURES[key] for key in figures), "training, J", "fit so far, J", "spikes"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    of_seeds = list({each.seed: each.metrics for each in answers}.values())
    for row in ROWS:
        # The other rows are the same in every run.
        several = of_seeds if row == "untrained" else of_seeds[:1]
        lines.append(line(f"`{row}`", figures, several, f"baseline/{row}") + " | 0 | 0 | – |")
    groups: dict[tuple[str, int], list[Answer]] = defaultdict(list)
    for each in answers:
        groups[each.variant, each.step].append(each)
    for (variant, step), several in sorted(groups.items()):
        metrics = [each.metrics for each in several]
        costs = [cell([m.get(key, math.nan) for m in metrics], 0) for key in (TRAIN_J, "energy_j")]
        spikes = cell([m.get("train/loss_spikes", math.nan) for m in metrics], 0)
        name = f"`{variant}`, {step} steps, n = {len(several)}"
        lines.append(line(name, figures, metrics, "test") + f" | {' | '.join(costs)} | {spikes} |")
    return "\n".join(lines)


def sentences(answers: Sequence[Answer]) -> Iterable[str]:
    groups: dict[tuple[str, int], list[Mapping[str, float]]] = defaultdict(list)
    for each in answers:
        groups[each.variant, each.step].append(each.metrics)
    for (variant, step), several in sorted(groups.items()):
        yield f"{variant}, {step} steps: {verdict(several)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uri", help="the store, e.g. sqlite:///mlruns/joulelab.db")
    parser.add_argument("--experiment", default="joulelab")
    words = parser.parse_args()
    client = MlflowClient(words.uri)
    experiment = client.get_experiment_by_name(words.experiment)
    runs = client.search_runs([experiment.experiment_id], order_by=["start_time ASC"])
    told = [run for run in runs if "model.detector.variant" in run.data.params]
    answers = latest(each for run in told for each in answers_of(client, run))
    print(table(answers), end="\n\n")
    print("\n".join(sentences(answers)))


if __name__ == "__main__":
    main()
