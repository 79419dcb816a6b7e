"""Where the joules of a run go: by phase, and by what the machine would have drawn at rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from joulelab.analysis.figures.fronts import provenance
from joulelab.analysis.figures.spec import Axis, Bars, Drawn, Figure, Floats, Missing, Panel, array
from joulelab.stats.phases import phase_shares
from joulelab.stats.repeats import mean_of_repeats

MOST_BARS = 24
LIFE = ("idle", "warmup", "fit", "evaluate", "idle_after", "other")
"""Phases in the order of a run's life: one colour each, whichever a report has."""


def by_phase(runs: pd.DataFrame, phases: Sequence[str], name: str, title: str) -> Drawn:
    """Mean joules of a run by phase, and the phases' shares, one bar a configuration.

    runs: rows with `configuration` and `phases`, the columns `energy_j/<phase>`.
    """
    if runs.empty or not phases:
        return Missing(name, title, "No run has its energy by phase (energy_j/<phase>).")
    weighed = runs[runs[list(phases)].notna().any(axis=1)]
    if weighed.empty:
        return Missing(name, title, "No run that is compared here has its energy by phase.")
    means = weighed.groupby("configuration", sort=False)[list(phases)].mean()
    means = means.loc[means.sum(axis=1).sort_values(kind="stable").index]
    chosen, cut = most(means.index)
    table = means.iloc[: len(chosen)]
    totals = table.sum(axis=1).to_numpy()
    told = _told_shares(weighed, list(table.index), phases)
    joules, shares = [], []
    for column in phases:
        phase = column.partition("/")[2]
        colour = LIFE.index(phase) if phase in LIFE else None
        values = table[column].to_numpy(dtype=float)
        parts = values / np.where(totals == 0, np.nan, totals)
        joules.append(Bars(chosen, values, phase, colour=colour))
        shares.append(Bars(chosen, parts, phase, colour=colour, text=told[column]))
    panels = [
        Panel(Axis("energy of a run", "J"), Axis(""), joules),
        Panel(Axis("share of a run", "%", low=0.0, high=1.0), Axis(""), shares),
    ]
    caption = "Mean over the runs of each configuration; what no phase covers is not drawn."
    return Figure(
        name, title, caption, panels, n=len(weighed), provenance=provenance(weighed), cut=cut,
        formula="Energy by phase",
    )  # fmt: skip


def _told_shares(
    runs: pd.DataFrame, names: Sequence[str], phases: Sequence[str]
) -> dict[str, list[str]]:
    """What hovering says, by phase: the share of each configuration with its uncertainty."""
    found: dict[str, list[str]] = {column: [] for column in phases}
    groups = dict(tuple(runs.groupby("configuration", sort=False)))
    for name in names:
        rows = groups[name]
        means = {
            column: mean_of_repeats(rows[column], rows.get(f"{column}_u_independent"))
            for column in phases
        }
        shares = phase_shares(
            {column: mean.value for column, mean in means.items()},
            {column: mean.u_independent for column, mean in means.items()},
        )
        for column in phases:
            share = shares.get(column)
            sure = "" if share is None or np.isnan(share.u) else f" ± {share.u:.1%}"
            told = "–" if share is None else f"{share.value:.1%}{sure}"
            found[column].append(f"{name}<br>{column.partition('/')[2]}: {told}")
    return found


def idle_share(runs: pd.DataFrame, name: str, title: str) -> Drawn:
    """1 - dynamic energy / energy: what the machine would have drawn at rest in the same time."""
    needed = {"energy_j", "energy_dynamic_j"}
    if runs.empty or not needed <= set(runs):
        return Missing(name, title, "No run has its dynamic energy (it needs an idle phase).")
    known = runs[runs[list(needed)].notna().all(axis=1) & (runs["energy_j"] > 0)]
    if known.empty:
        return Missing(name, title, "No run has its dynamic energy (it needs an idle phase).")
    share = 1 - known["energy_dynamic_j"] / known["energy_j"]
    groups = share.groupby(known["configuration"], sort=False)
    means, counts = groups.mean().sort_values(kind="stable"), groups.count()
    spread = groups.std(ddof=1) / np.sqrt(counts)
    chosen, cut = most(means.index)
    bars = Bars(
        list(chosen), means.iloc[: len(chosen)].to_numpy(),
        u=array(spread.loc[means.index[: len(chosen)]].to_numpy()),
        colour=0,
    )  # fmt: skip
    caption = (
        "Share of energy_j that the idle power alone makes up. Bars: standard error over the runs "
        "of a configuration."
    )
    return Figure(
        name, title, caption, [Panel(Axis("share at rest", "%", low=0.0), Axis(""), [bars])],
        n=len(known), provenance=provenance(known), cut=cut, formula="Idle share",
    )  # fmt: skip


def per_configuration(
    table: pd.DataFrame, column: str, axis: Axis, scale: float, name: str, title: str, caption: str
) -> Drawn:
    """One bar a configuration of a column of the configurations' table, the least on top."""
    known = table[table[column].notna()] if column in table else table.iloc[:0]
    if known.empty:
        return Missing(name, title, f"No configuration has {column}.")
    known = known.sort_values(column, kind="stable")
    chosen, cut = most(pd.Index(known["configuration"]))
    known = known.iloc[: len(chosen)]
    u: Floats = array(known.get(f"{column}_u"), len(known)) * scale
    bars = Bars(list(chosen), known[column].to_numpy(dtype=float) * scale, u=u, colour=0)
    return Figure(
        name, title, caption, [Panel(axis, Axis(""), [bars])], n=int(table["n"].sum()),
        provenance=provenance(table), cut=cut, formula="Carbon and money",
    )  # fmt: skip


def most(names: pd.Index) -> tuple[list[str], str]:
    """The first ones, and the sentence that says that there are more."""
    chosen = [str(name).removeprefix("model=") for name in names[:MOST_BARS]]
    if len(names) <= MOST_BARS:
        return chosen, ""
    return chosen, f"The {MOST_BARS} least of {len(names):,} configurations are drawn."
