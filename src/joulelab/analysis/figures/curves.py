"""Learning curves with energy across: what more joules bought in every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from joulelab.analysis.figures.fronts import level_name, provenance
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
    Scale,
)

MOST_RUNS = 240
MOST_TOLD = 60
"""Of more runs only the ends speak when a finger lies on them: their words would be most of the page."""
MOST_GROUPS = 8
ASIDE = ("run_id", "step", "energy_j", "time_s")


def curves(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    metric: str,
    group: str | None,
    name: str,
    title: str,
) -> Drawn:
    """points: `run_id, step, energy_j, <metric>`; runs: rows with `run_id, configuration`, and the
    column `group` that colours them. Every run is one curve, its last point marked."""
    if points.empty or metric not in points:
        return Missing(name, title, f"No run has a curve of {metric} along its joules.")
    known = points[points["run_id"].isin(runs["run_id"])]
    known = known[known[metric].notna() & known["energy_j"].notna()]
    ids = list(dict.fromkeys(known["run_id"]))
    if not ids:
        return Missing(name, title, f"No run that is compared here has a curve of {metric}.")
    chosen = ids
    if len(ids) > MOST_RUNS:
        chosen = [ids[i] for i in np.linspace(0, len(ids) - 1, MOST_RUNS).astype(int)]
    rows = runs.drop_duplicates("run_id").set_index("run_id")
    names = {str(key): str(name) for key, name in rows["configuration"].items()}
    pieces = dict(tuple(known[known["run_id"].isin(set(chosen))].groupby("run_id", sort=False)))
    marks: list[Mark] = []
    for place, (level, members) in enumerate(_levels(chosen, rows, group)):
        x, y, text = _parted([pieces[each] for each in members], metric, names)
        told = text if len(chosen) <= MOST_TOLD else ()
        marks.append(Line(x, y, level, width=1.2, colour=place, text=told))
        ends = [pieces[each].iloc[-1] for each in members]
        marks.append(
            Points(
                [each["energy_j"] for each in ends], [each[metric] for each in ends],
                level, colour=place, marker=place, size=6,
                text=[_told(each.to_dict(), metric, names) for each in ends],
            )
        )  # fmt: skip
    low = float(known.loc[known["energy_j"] > 0, "energy_j"].min())
    high = float(known["energy_j"].max())
    scale: Scale = "log" if low > 0 and high > 20 * low else "linear"
    cut = (
        "" if len(chosen) == len(ids) else f"{len(chosen)} of {len(ids):,} runs are drawn, evenly."
    )
    return Figure(
        name, title, "Each line is a run, each point on it one validation; the mark is its end.",
        [Panel(Axis("energy since the start of fit", "J", scale), Axis(metric), marks)],
        n=len(ids), provenance=provenance(runs), cut=cut, formula="Curves",
    )  # fmt: skip


def metric_of(points: pd.DataFrame, quality: str) -> str | None:
    """The curve's metric that speaks of the same as the quality: `val/f1_macro` of `test/f1_macro`;
    else the one that most points have."""
    names = [name for name in points.columns if name not in ASIDE]
    if not names:
        return None
    tail = quality.rpartition("/")[2]
    for name in (quality, f"val/{tail}"):
        if name in names:
            return name
    return str(points[names].notna().sum().sort_values(kind="stable").index[-1])


def _levels(
    ids: Sequence[str], rows: pd.DataFrame, group: str | None
) -> list[tuple[str, list[str]]]:
    if group is None or group not in rows or rows[group].loc[list(ids)].nunique() > MOST_GROUPS:
        return [("runs", list(ids))]
    found: dict[str, list[str]] = {}
    for each in ids:
        found.setdefault(level_name(rows.at[each, group]), []).append(each)
    prefix = "" if group in ("model", "configuration") else f"{group}="
    return [(prefix + level, members) for level, members in sorted(found.items())]


def _parted(
    pieces: Sequence[pd.DataFrame], metric: str, names: Mapping[str, str]
) -> tuple[Floats, Floats, list[str]]:
    """All curves as one line with gaps between them."""
    x, y, text = [], [], []
    for piece in pieces:
        shown = piece[["run_id", "step", "energy_j", metric]]
        x += [*shown["energy_j"], np.nan]
        y += [*shown[metric], np.nan]
        text += [*(_told(row, metric, names) for row in shown.to_dict("records")), ""]
    return np.array(x), np.array(y), text


def _told(row: Mapping[Any, Any], metric: str, names: Mapping[str, str]) -> str:
    run = str(row["run_id"])
    return (
        f"<b>{names[run]}</b><br>run {run[:12]}<br>step {row['step']:g}<br>"
        f"{row['energy_j']:.4g} J<br>{metric} {row[metric]:.4g}"
    )
