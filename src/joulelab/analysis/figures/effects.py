"""How much of the energy and of the quality each factor explains, alone and in pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from joulelab.analysis.figures.spec import (
    Axis,
    Bars,
    Drawn,
    Figure,
    Floats,
    Missing,
    Panel,
)
from joulelab.analysis.figures.study import Measure, Study, listed, short
from joulelab.stats.variance_shares import Shares, variance_shares

MOST_BARS = 14
MOST_FACTORS = 60


def effects(study: Study) -> Drawn:
    """Variance shares of type II, one panel for energy (its logarithm where all are above zero), one
    for quality."""
    name, title = f"effects{study.suffix}", study.title("What the factors explain")
    wanted = [each for each in study.measures if each.column in (study.energy, study.quality)]
    if not study.factors:
        return Missing(name, title, "All runs are of one configuration: no factor varies.")
    if not wanted:
        return Missing(name, title, "No run has a finite energy or quality.")
    panels: list[Panel] = []
    notes: list[str] = []
    for measure in wanted:
        values, label = response(study, measure)
        found = variance_shares(values, factor_values(study))
        if found.note:
            notes.append(f"Of {measure.label} there are no shares: {found.note}.")
        else:
            panels.append(_panel(found, label))
            notes += [f"{measure.label}: {told}" for told in _cautions(found)]
    if not panels:
        return Missing(name, title, " ".join(notes))
    caption = (
        "Share of the variance that a factor explains beyond all other factors (sums of squares of "
        "type II); a × b: what their combination adds. Hovering shows F test and omega²."
    )
    many = len(study.factors)
    cut = f"The first {MOST_FACTORS} of {many} factors are in it." if many > MOST_FACTORS else ""
    return Figure(
        name, title, " ".join([caption, *dict.fromkeys(notes)]), panels, n=study.n,
        provenance=study.provenance, cut=cut, formula="Effects of factors",
    )  # fmt: skip


def factor_values(study: Study) -> Mapping[str, Sequence[object]]:
    return {
        name: study.rows[name].astype(object).where(study.rows[name].notna(), None).tolist()
        for name in study.factors[:MOST_FACTORS]
    }


def response(study: Study, measure: Measure) -> tuple[Floats, str]:
    """Values, or their logarithms where a cost is above zero throughout, and what they are called."""
    values = study.values(measure)
    known = values[np.isfinite(values)]
    if measure.unit and len(known) and float(known.min()) > 0:
        return np.log(values), f"{short(measure)} (log)"
    return values, short(measure)


def _panel(found: Shares, label: str) -> Panel:
    shown = sorted(found.effects, key=lambda each: -each.share)[:MOST_BARS]
    names = [" × ".join(name.rpartition(".")[2] for name in each.names) for each in shown]
    text = [
        f"{' × '.join(each.names)}<br>share {each.share:.2%}, omega² {each.omega_squared:.2%}"
        f"<br>{each.degrees_of_freedom} degrees of freedom, p = {each.p:.2g}"
        for each in shown
    ]
    heights = [each.share for each in shown]
    names += ["not told apart", "beyond single factors"]
    heights += [max(found.entangled, 0.0), found.residual]
    text += [
        "explained by the factors together, by none alone",
        "interactions and chance: what factors one by one do not explain",
    ]
    bars = Bars(names, heights, "share of the variance", text=text, colour=0)
    axis = Axis("share of the variance", "%", low=0.0)
    return Panel(axis, Axis(""), [bars], title=f"{label}: R² = {found.explained:.2f}")


def _cautions(found: Shares) -> list[str]:
    told = []
    if found.entangled > 0.1:
        told.append("the design does not tell its factors apart, see the bar.")
    if found.entangled < -0.1:
        told.append("factors mask each other, so their shares add up to more than R².")
    if found.left_out:
        why = listed([f"{name} ({reason})" for name, reason in found.left_out.items()])
        told.append(f"left out: {why}.")
    return told
