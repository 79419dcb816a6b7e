"""Principal components: scree, correlation circles, scores."""

from __future__ import annotations

import numpy as np

from joulelab.analysis.figures.spec import (
    Arrows,
    Axis,
    Bars,
    Drawn,
    Figure,
    Floats,
    Mark,
    Missing,
    Panel,
    Points,
)  # fmt: skip
from joulelab.analysis.figures.study import Study, listed, short
from joulelab.stats.pca import Components, TooFew, components

MOST_SCORES = 5000
SAME_PLACE = 0.08
LIMIT = 1.4
"""Room for labels around the circle."""


def principal_components(study: Study) -> Drawn:
    """Of the measures, standardised. The scores are coloured by the first factor."""
    name, title = f"components{study.suffix}", study.title("Principal components")
    names = [short(each) for each in study.measures]
    if not names:
        return Missing(name, title, "No run has a finite figure: there is nothing to project.")
    table = np.column_stack([study.values(each) for each in study.measures])
    try:
        found = components(table)
    except TooFew as few:
        return Missing(name, title, f"{few}.")
    used = [names[index] for index in found.columns]
    panels = [_scree(found), _circle(found, used, 0, 1)]
    if len(used) > 2:
        panels.append(_circle(found, used, 1, 2))
    panels.append(_scores(study, found))
    two = float(found.explained[:2].sum())
    values = ", ".join(f"{value:.5f}" for value in found.eigenvalues)
    caption = (
        f"Eigenvalues {values}. Each column less its mean over its standard deviation (divisor n); "
        f"the first two components hold {two:.0%} of the variance. An arrow ends at the column's "
        "correlation with both components: near the circle it is told by them, near the centre not."
    )
    flat = [each for index, each in enumerate(names) if index not in set(found.columns.tolist())]
    if flat:
        caption += f" Without variance, so left out: {listed(flat)}."
    lost = study.n - len(found.rows)
    cut = f"{lost} runs lack one of the columns and are not in it." if lost else ""
    return Figure(
        name, title, caption, panels, n=len(found.rows), provenance=study.provenance, cut=cut,
        formula="Principal components",
    )  # fmt: skip


def _scree(found: Components) -> Panel:
    labels = [f"{number}" for number in range(1, len(found.eigenvalues) + 1)]
    text = [
        f"eigenvalue {value:.5g}<br>{share:.2%} of the variance"
        for value, share in zip(found.eigenvalues, found.explained, strict=True)
    ]
    bars = Bars(
        labels, found.explained, "share of the variance", horizontal=False, text=text, colour=0
    )
    return Panel(
        Axis("component"), Axis("share of the variance", "%", low=0.0), [bars], title="Scree"
    )


def _circle(found: Components, names: list[str], a: int, b: int) -> Panel:
    x, y = found.correlations[:, a], found.correlations[:, b]
    arrows = Arrows(x, y, _joined(x, y, names))
    return Panel(
        _axis(found, a, -LIMIT, LIMIT), _axis(found, b, -LIMIT, LIMIT), [arrows],
        title=f"Correlation circle {a + 1}-{b + 1}", square=True,
    )  # fmt: skip


def _joined(x: Floats, y: Floats, names: list[str]) -> list[str]:
    """Arrows that end at one place share a label."""
    labels = list(names)
    for i in range(len(names)):
        for j in range(i):
            if labels[j] and np.hypot(x[i] - x[j], y[i] - y[j]) < SAME_PLACE:
                labels[j], labels[i] = f"{labels[j]}, {names[i]}", ""
                break
    return labels


def _scores(study: Study, found: Components) -> Panel:
    groups = study.groupings()
    levels = study.levels(groups[0]) if groups else {"runs": np.ones(study.n, dtype=bool)}
    place = np.full(study.n, -1)
    place[found.rows] = np.arange(len(found.rows))
    marks: list[Mark] = []
    for level, rows in levels.items():
        chosen = place[rows & (place >= 0)]
        chosen = chosen[:: -(-len(chosen) * len(levels) // MOST_SCORES) or 1]
        if len(chosen):
            marks.append(Points(found.scores[chosen, 0], found.scores[chosen, 1], level, size=5.0))
    title = f"Scores by {groups[0]}" if groups else "Scores"
    return Panel(_axis(found, 0), _axis(found, 1), marks, title=title)


def _axis(
    found: Components, index: int, low: float | None = None, high: float | None = None
) -> Axis:
    return Axis(f"component {index + 1} ({found.explained[index]:.1%})", low=low, high=high)
