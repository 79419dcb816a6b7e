"""How many joules of each run bought nothing any more."""

from __future__ import annotations

import math

import pandas as pd

from joulelab.analysis.configurations import direction_of
from joulelab.analysis.figures.curves import metric_of
from joulelab.analysis.figures.fronts import provenance
from joulelab.analysis.figures.phases import most
from joulelab.analysis.figures.spec import Axis, Bars, Drawn, Figure, Missing, Panel
from joulelab.stats.learning_curves import Enough, enough, point_scatter

SURE = 2.0
"""Standard uncertainties of a difference of two points within which they are as good."""
FEWEST = 4


def good_enough(
    curves: pd.DataFrame, runs: pd.DataFrame, quality: str, name: str, title: str
) -> Drawn:
    """Mean joules until a run's curve came within its own scatter of its best, and after that.

    curves: `run_id, step, energy_j, <metrics>`; runs: `run_id, configuration` and tags.
    """
    metric = metric_of(curves, quality)
    if metric is None or curves.empty:
        return Missing(name, title, "No run has a curve along its joules.")
    known = curves[curves["run_id"].isin(runs["run_id"])]
    known = known[known[metric].notna() & known["energy_j"].notna()]
    higher = direction_of(metric) == "max"
    found: dict[str, Enough] = {}
    for run, part in known.groupby("run_id", observed=True, sort=False):
        one = _of_run(part, metric, higher)
        if one is not None:
            found[str(run)] = one
    if not found:
        told = f"No curve of {metric} has {FEWEST} points: when it was enough cannot be told."
        return Missing(name, title, told)
    rows = runs[runs["run_id"].astype(str).isin(list(found))]
    table = pd.DataFrame(
        {
            "configuration": rows["configuration"].astype(str).to_numpy(),
            "until": [found[str(each)].energy_j for each in rows["run_id"]],
            "after": [found[str(each)].after_j for each in rows["run_id"]],
            "step": [found[str(each)].step for each in rows["run_id"]],
        }
    )
    means = table.groupby("configuration", sort=False).mean()
    means = means.loc[(means["until"] + means["after"]).sort_values(kind="stable").index]
    chosen, cut = most(means.index)
    means = means.iloc[: len(chosen)]
    text = [f"enough at step {step:.4g} (mean)" for step in means["step"]]
    bars = [
        Bars(chosen, means["until"], "until it was good enough", text=text, colour=0),
        Bars(chosen, means["after"], "after that", text=text, colour="muted"),
    ]
    wasted = float(table["after"].sum() / (table["until"] + table["after"]).sum())
    caption = (
        f"Good enough: the first point of {metric} within {SURE:g} standard uncertainties of a "
        "difference from the run's best, with the scatter of its own points. "
        f"{wasted:.0%} of the joules of these runs came after that."
    )
    return Figure(
        name, title, caption, [Panel(Axis("energy since the start of fit", "J"), Axis(""), bars)],
        n=len(table), provenance=provenance(rows), cut=cut, formula="Curves",
    )  # fmt: skip


def _of_run(part: pd.DataFrame, metric: str, higher: bool) -> Enough | None:
    scatter = point_scatter(part[metric].to_numpy(dtype=float))
    if len(part) < FEWEST or math.isnan(scatter):
        return None
    return enough(
        part["step"], part["energy_j"], part[metric], SURE * math.sqrt(2) * scatter, higher
    )
