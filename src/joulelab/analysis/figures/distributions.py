"""How energy and quality spread, over all runs and for each level of each factor."""

from __future__ import annotations

import numpy as np

from joulelab.analysis.figures.spec import (
    Axis,
    Drawn,
    Figure,
    Floats,
    Histogram,
    Line,
    Mark,
    Missing,
    Panel,
)  # fmt: skip
from joulelab.analysis.figures.study import Measure, Study, listed, logarithmic
from joulelab.stats.distributions import Distribution, distribution

MOST_FACTORS = 5


def distributions(study: Study) -> list[Drawn]:
    """One figure of energy, one of quality."""
    wanted = [each for each in study.measures if each.column in (study.energy, study.quality)]
    if not wanted:
        title = study.title("Distribution of energy and quality")
        sentence = "No run has a finite energy or quality: there is nothing to distribute."
        return [Missing(f"distribution{study.suffix}", title, sentence)]
    return [_figure(study, measure) for measure in wanted]


def _figure(study: Study, measure: Measure) -> Drawn:
    kind = "energy" if measure.column == study.energy else "quality"
    name = f"distribution_{kind}{study.suffix}"
    title = study.title(f"Distribution of {measure.label}")
    values = study.values(measure)
    known = values[np.isfinite(values)]
    log = logarithmic(values, measure.unit)
    whole = distribution(np.log(known) if log else known)
    if whole.note:
        return Missing(
            name, title, f"Of {measure.label} there is no distribution: {_told(whole, known)}."
        )
    axis = Axis(measure.label, measure.unit, "log" if log else "linear")
    density = Axis("density" + (" of the logarithm" if log else ""), hide_numbers=True, low=0.0)
    scaled = Axis("density over its peak", hide_numbers=True, low=0.0)
    marks: list[Mark] = [
        Histogram(_back(whole.edges, log), whole.heights, "all runs", colour="muted"),
        Line(_back(whole.grid, log), whole.density, "all runs", colour="strong"),
    ]
    panels = [Panel(axis, density, marks, title="all runs")]
    flat: list[str] = []
    for factor in study.groupings()[:MOST_FACTORS]:
        lines: list[Mark] = []
        for level, rows in study.levels(factor).items():
            part = values[rows & np.isfinite(values)]
            found = distribution(np.log(part) if log else part)
            if found.note:
                flat.append(f"{level} ({_told(found, part)})")
            else:
                heights = found.density / found.density.max()
                lines.append(Line(_back(found.grid, log), heights, level, filled=True))
        if lines:
            panels.append(Panel(axis, scaled, lines, title=f"by {factor}"))
    caption = (
        "Histogram and kernel density (Silverman's bandwidth) of area one; by factor each level over "
        "its own peak, so that a narrow one hides no other."
    )
    if flat:
        caption += f" Without a density: {listed(flat)}."
    lost = len(values) - len(known)
    cut = f"{lost} runs without a finite value are not in it." if lost else ""
    return Figure(
        name, title, caption, panels, n=len(known), provenance=study.provenance, cut=cut,
        formula="Distributions",
    )  # fmt: skip


def _back(values: Floats, log: bool) -> Floats:
    return np.exp(values) if log else values


def _told(found: Distribution, values: Floats) -> str:
    """The note in the unit of the values, not of their logarithms."""
    if found.n > 1:
        return f"all {found.n} values are {values[0]:.6g}, no variance"
    return found.note
