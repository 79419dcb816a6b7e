"""The frugality score of the performance-tracking study over the weight of energy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures.fronts import provenance
from joulelab.analysis.figures.spec import (
    Axis,
    Bars,
    Drawn,
    Figure,
    Floats,
    Line,
    Mark,
    Missing,
    Panel,
)
from joulelab.analysis.figures.study import listed
from joulelab.stats.frugality import (
    FACTORS,
    frugality_curves,
    harmonic_score,
    linear_score,
    winners,
)

MOST_LINES = 8
NAMES = {1.0: "E in J", 1e-3: "E in kJ", 1e-6: "E in MJ"}


def frugality(comparison: Comparison, name: str) -> Drawn:
    """One panel for each factor of the study; every configuration a line, its winners named."""
    table = comparison.table
    title = f"Frugality score on {comparison.data}"
    joules = table[comparison.energy].to_numpy(dtype=float)
    quality = table["quality"].to_numpy(dtype=float)
    known = np.isfinite(joules) & np.isfinite(quality) & (joules >= 0)
    if not known.any():
        return Missing(name, title, "No configuration has both a quality and an energy above zero.")
    if comparison.direction == "min":
        why = f"{comparison.quality} is better when lower: the score is defined for a performance."
        return Missing(name, title, why)
    table = table[known]
    joules, quality = joules[known], quality[known]
    panels: list[Panel] = []
    told: list[str] = []
    names = table["configuration"].astype(str).tolist()
    for factor in FACTORS:
        w, scores = frugality_curves(quality, joules, factor)
        best = winners(w, scores)
        chosen = list(dict.fromkeys([*(row for row, *_ in best), *_some(table, comparison)]))
        marks: list[Mark] = [Line(w, scores[row], names[row]) for row in chosen[:MOST_LINES]]
        panels.append(
            Panel(Axis("weight of energy w"), Axis("FS(w)", better="more"), marks,
                  title=NAMES[factor])
        )  # fmt: skip
        stretches = [f"{names[row]} from {a:.2f} to {b:.2f}" for row, a, b in best]
        told.append(f"{NAMES[factor]}: {listed(stretches)}.")
    shown = min(MOST_LINES, len(table))
    rows = list(dict.fromkeys(_some(table, comparison)))[:shown]
    panels.append(_one_number(quality, joules, names, rows))
    caption = "FS(w) = performance - w / (1 + 1 / E). Highest: " + " ".join(told)
    cut = f"{shown} of {len(table)} configurations are drawn." if shown < len(table) else ""
    return Figure(
        name, title, caption, panels, n=len(table), of="configurations",
        provenance=provenance(table), cut=cut, formula="Frugality score",
    )  # fmt: skip


def _one_number(quality: Floats, joules: Floats, names: list[str], rows: list[int]) -> Panel:
    """Linear and harmonic score with c as a share of the dearest of all."""
    labels = [names[row] for row in rows]
    marks = [
        Bars(labels, score(quality, joules)[rows], label)
        for label, score in (("0.5 p + 0.5 (1 - c)", linear_score), ("harmonic", harmonic_score))
    ]
    title = "As one number, c = E over the largest E"
    return Panel(Axis("score", better="more"), Axis(""), marks, title=title, grouped=True)


def _some(table: pd.DataFrame, comparison: Comparison) -> list[int]:
    """The front, then the best of the rest: the table is sorted by quality."""
    rows = list(range(len(table)))
    if "front" not in table:
        return rows
    return [*np.flatnonzero(table["front"].to_numpy(dtype=bool)).tolist(), *rows]
