"""Which levels of the first factor differ clearly, in energy and in quality."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from joulelab.analysis.figures.spec import Axis, Drawn, Figure, HeatMap, Missing, Panel
from joulelab.analysis.figures.study import Measure, Study
from joulelab.stats.front import Bools
from joulelab.stats.multiple import adjusted
from joulelab.stats.significance import many_groups, two_groups

CLEAR = 0.05
CROWDED = 6
CAPTION = (
    "Cliff's delta of the row against the column: 1 where every run of the row has the larger value, "
    "-1 where none has. Hovering shows Hedges' g with its 95 % interval and Welch's p after Holm."
)


def differences(study: Study) -> Drawn:
    """Pairs of configurations where these are few, else of the levels of the first factor."""
    name = f"differences{study.suffix}"
    groups = _grouping(study)
    wanted = [each for each in study.measures if each.column in (study.energy, study.quality)]
    if groups is None or not wanted:
        told = "No factor has 2 to 8 levels: there are no groups to tell apart."
        return Missing(name, study.title("Which groups differ"), told)
    title = study.title(f"Which levels of {groups} differ")
    levels = study.levels(groups)
    if max(int(rows.sum()) for rows in levels.values()) < 2:
        return Missing(name, title, f"Every level of {groups} ran once: repeats=3 makes a test.")
    panels, notes = [], []
    for measure in wanted:
        panel, note = _panel(study, measure, levels)
        panels.append(panel)
        notes.append(note)
    return Figure(
        name, title, " ".join([CAPTION, *notes]), panels, n=study.n, provenance=study.provenance,
        formula="Tests between groups",
    )  # fmt: skip


def _grouping(study: Study) -> str | None:
    rows = study.rows
    if "configuration" in rows and 2 <= rows["configuration"].nunique() <= 8:
        return "configuration"
    return next(iter(study.groupings()), None)


def _panel(study: Study, measure: Measure, levels: Mapping[str, Bools]) -> tuple[Panel, str]:
    values = study.values(measure)
    parts = {level: values[rows & np.isfinite(values)] for level, rows in levels.items()}
    names = list(parts)
    pairs = list(combinations(range(len(names)), 2))
    found = [two_groups(parts[names[i]], parts[names[j]]) for i, j in pairs]
    p = adjusted([each.welch_p for each in found])
    delta = np.full((len(names), len(names)), math.nan)
    text = [[""] * len(names) for _ in names]
    for (i, j), each, corrected in zip(pairs, found, p, strict=True):
        delta[i, j], delta[j, i] = each.cliffs_delta, -each.cliffs_delta
        told = each.note or (
            f"g = {each.hedges_g:.2f} [{each.hedges_low:.2f}, {each.hedges_high:.2f}], "
            f"p = {corrected:.2g}, n = {each.n_a} and {each.n_b}"
        )
        text[i][j] = text[j][i] = f"{names[i]} against {names[j]}<br>{told}"
    whole = many_groups(list(parts.values()))
    clear = int(np.sum(p <= CLEAR))
    note = f"{measure.label}: {clear} of {len(pairs)} pairs differ at {CLEAR:.0%} after Holm"
    if not whole.note and len(names) > 2:
        note += f"; Kruskal-Wallis p = {whole.p:.2g}, epsilon² = {whole.epsilon_squared:.2f}"
    # The title names the factor.
    short = [name.partition("=")[2] or name if " " not in name else name for name in names]
    digits = 1 if len(names) > CROWDED else 2
    cells = HeatMap(short, short, delta, -1.0, 1.0, "Cliff's delta", True, digits, text)
    return Panel(Axis(""), Axis(""), [cells], title=measure.label), note + "."
