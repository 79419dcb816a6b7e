"""Configurations by two objectives, and what nobody beats."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from joulelab.analysis import hovers
from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures.objectives import Objective, objectives_of
from joulelab.analysis.figures.spec import (
    Axis,
    Drawn,
    Figure,
    Floats,
    Line,
    Mark,
    Missing,
    Panel,
    Points,
    Reference,
    Scale,
)
from joulelab.stats.front import Bools, non_dominated
from joulelab.stats.hypervolume import hypervolume_history

FEW = 14
"""Up to so many points are all named; of more, the front alone."""
CROWD = 150
"""Of more points only those of the front show their bars."""
MOST_GROUPS = 8
FAR = 3.0
"""A baseline farther from the points than so many times their own span is told, not drawn."""


def fronts(
    comparison: Comparison, name: str, links: Mapping[str, str], currency: str = ""
) -> list[Drawn]:
    """Energy against quality; where a third objective was asked for, it against quality, and all
    three with the third as colour."""
    first, quality, *others = objectives_of(comparison, currency)
    found: list[Drawn] = [front(comparison, first, quality, name, links)]
    for number, other in enumerate(others, 2):
        found.append(front(comparison, other, quality, f"{name}_{number}", links))
        found.append(triple(comparison, first, quality, other, f"{name}_{number}_colour", links))
    return found


def front(
    comparison: Comparison, x: Objective, y: Objective, name: str, links: Mapping[str, str]
) -> Drawn:
    """Each configuration as a point, the non-dominated ones joined."""
    table = comparison.table
    xs, ys = x.values(table), y.values(table)
    title = _title(comparison, x, y)
    if not np.isfinite(xs + ys).any():
        return Missing(name, title, f"No configuration has both {x.label} and {y.label}.")
    members = non_dominated(np.stack([xs, ys], axis=1), [x.direction, y.direction]).members
    marks = _groups(comparison, x, y, members, links)
    if members.sum() > 1:
        order = np.argsort(xs[members], kind="stable")
        line = Line(
            xs[members][order], ys[members][order], "front", dash="dash", step=True, width=1.6,
            colour="strong",
        )  # fmt: skip
        # Under a few points, which it must not hide; over a crowd, which would hide it.
        marks.insert(len(marks) if len(table) > CROWD else 0, line)
    baseline = float(table["baseline"].mean()) if "baseline" in table else np.nan
    caption = _caption(table, int(members.sum()))
    if np.isfinite(baseline) and y.column == "quality":
        told = f"trivial baseline, no joule: {baseline:.3g}"
        if _far(baseline, ys):
            caption += f" Outside the axis: {told}."
        else:
            marks.append(Reference(baseline, label=told))
    panels = [Panel(x.axis(xs), y.axis(ys), marks)]
    return Figure(
        name, title, caption, panels, n=int(table["n"].sum()), provenance=provenance(table),
        formula="The front",
    )  # fmt: skip


def triple(
    comparison: Comparison, x: Objective, y: Objective, z: Objective, name: str,
    links: Mapping[str, str],
) -> Drawn:  # fmt: skip
    """The third objective as colour; the front of all three is ringed by its labels."""
    table = comparison.table
    values = np.stack([each.values(table) for each in (x, y, z)], axis=1)
    title = f"{_title(comparison, x, y)}, colour: {z.label}"
    if not np.isfinite(values).all(axis=1).any():
        return Missing(name, title, f"No configuration has all of the three, {z.label} included.")
    members = non_dominated(values, [x.direction, y.direction, z.direction]).members
    points = Points(
        values[:, 0], values[:, 1], values=values[:, 2], values_axis=z.axis(values[:, 2]),
        text=[hovers.configuration(comparison, row) for row in table.to_dict("records")],
        links=[links.get(each, "") for each in table["configuration"]],
        labels=_names(table, members & (len(table) <= CROWD)), size=10,
    )  # fmt: skip
    caption = (
        f"{int(members.sum())} of {len(table)} configurations are on the front of all three "
        "objectives: nothing else is at least as good in each and better in one."
    )
    return Figure(
        name, title, caption, [Panel(x.axis(values[:, 0]), y.axis(values[:, 1]), [points])],
        n=int(table["n"].sum()), provenance=provenance(table), formula="The front",
    )  # fmt: skip


def search(comparison: Comparison, runs: pd.DataFrame, name: str) -> Drawn:
    """Hypervolume as the joules of all runs, in the order they ran, were spent."""
    title = f"What finding the front cost on {comparison.data}"
    energy, quality = comparison.energy, comparison.quality
    known = runs[runs[energy].notna() & runs[quality].notna()]
    if len(known) < 2:
        return Missing(name, title, "The cost of the search needs two runs that were weighed.")
    if "start" not in known or known["start"].isna().any():
        return Missing(name, title, "The order of the runs is unknown: they have no start time.")
    known = known.sort_values("start", kind="stable")
    points = known[[energy, quality]].to_numpy(dtype=float)
    direction = comparison.direction
    worst = points[:, 1].min() if direction == "max" else points[:, 1].max()
    reference = np.array([points[:, 0].max(), worst])
    volume = hypervolume_history(points, reference, ["min", direction])
    if volume[-1] <= 0:
        return Missing(
            name, title, "No run beats both the dearest and the worst of all: there is no area."
        )
    whole = known.get("energy_j/run", known[energy]).fillna(known[energy])
    spent = np.cumsum(
        (whole if energy.startswith("energy") else known[energy]).to_numpy(dtype=float)
    )
    marks = [
        Line(
            spent, volume / volume[-1], "hypervolume, share of the last", step=True,
            text=[hovers.run(row, energy, quality) for row in known.to_dict("records")],
        )
    ]  # fmt: skip
    caption = (
        f"Hypervolume between the front of the runs so far and the worst of both objectives "
        f"({reference[0]:.3g} J, {worst:.3g}), along the joules of all runs, idle and warm-up included."
    )
    scale: Scale = "log" if 0 < spent[0] < 0.02 * spent[-1] else "linear"
    panel = Panel(Axis("energy spent on the runs", "J", scale), Axis("hypervolume", "%"), marks)
    return Figure(
        name, title, caption, [panel], n=len(known), provenance=provenance(known),
        formula="Hypervolume",
    )  # fmt: skip


def grouping(comparison: Comparison) -> str | None:
    """The column that colours the points: the model, else the first factor with few levels."""
    table = comparison.table
    names: list[str] = ["model", "hardware", *getattr(comparison, "factors", ())]
    for name in names:
        if name in table and 1 < table[name].nunique(dropna=False) <= MOST_GROUPS:
            return name
    return None


def level_name(value: object) -> str:
    """`100`, not `100.0`."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def provenance(table: pd.DataFrame) -> list[str]:
    if "provenance" not in table:
        return []
    return sorted((str(kind) for kind in table["provenance"].dropna().unique()), reverse=True)


def _groups(
    comparison: Comparison, x: Objective, y: Objective, members: Bools, links: Mapping[str, str]
) -> list[Mark]:
    table = comparison.table
    column = grouping(comparison)
    kinds = table[column].map(level_name) if column else pd.Series("configurations", table.index)
    levels = sorted(kinds.unique())
    crowd = len(table) > CROWD
    shown = np.ones(len(table), bool) if len(table) <= FEW else members
    xu, yu = x.uncertainties(table), y.uncertainties(table)
    if crowd:
        xu, yu = np.where(members, xu, np.nan), np.where(members, yu, np.nan)
    labels = _names(table, shown)
    texts = [hovers.configuration(comparison, row) for row in table.to_dict("records")]
    measured = (table["provenance"] != "estimated").to_numpy()
    found: list[Mark] = []
    for place, level in enumerate(levels):
        for hollow in (False, True):
            chosen = np.flatnonzero((kinds == level).to_numpy() & (measured != hollow))
            # Members last, so that they lie on top; their labels are placed first all the same.
            chosen = chosen[np.argsort(members[chosen], kind="stable")[::-1]]
            if not len(chosen):
                continue
            prefix = "" if column in (None, "model") else f"{column}="
            found.append(
                Points(
                    x.values(table)[chosen], y.values(table)[chosen],
                    f"{prefix}{level}" + (" (estimated)" if hollow else ""),
                    x_u=xu[chosen], y_u=yu[chosen], hollow=hollow, colour=place, marker=place,
                    text=[texts[i] for i in chosen], labels=[labels[i] for i in chosen],
                    links=[links.get(table["configuration"].iloc[i], "") for i in chosen],
                    size=5 if crowd else 9,
                )
            )  # fmt: skip
    return found


def _names(table: pd.DataFrame, shown: Bools) -> list[str]:
    several = table["n"].nunique() > 1
    return [
        (name.removeprefix("model=") + (f" (n={n})" if several else "")) if wanted else ""
        for name, n, wanted in zip(table["configuration"], table["n"], shown, strict=True)
    ]


def _far(value: float, others: Floats) -> bool:
    """Showing it would press the others together."""
    known = others[np.isfinite(others)]
    span = float(np.ptp(known))
    return span > 0 and float(np.abs(known - value).min()) > FAR * span


def _title(comparison: Comparison, x: Objective, y: Objective) -> str:
    synthetic = " (SYNTHETIC data)" if comparison.table["synthetic"].any() else ""
    what = "Energy" if x.name == comparison.energy else x.label.capitalize()
    return f"{what} and {y.label} on {comparison.data}{synthetic}"


def _caption(table: pd.DataFrame, members: int) -> str:
    low, high = int(table["n"].min()), int(table["n"].max())
    each = f"{low}" if low == high else f"{low} to {high}"
    once = " (unknown where a configuration ran once)" if low == 1 else ""
    whose = " of the front" if len(table) > CROWD else ""
    return (
        f"{len(table)} configurations of {each} run{'' if high == 1 else 's'}; {members} on the "
        f"front: nothing else is both cheaper and better. Bars{whose}: ± one standard "
        f"uncertainty{once}."
    )
