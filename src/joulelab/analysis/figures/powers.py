"""Power over time as the instruments saw it, the phases shaded."""

from __future__ import annotations

from collections.abc import Sequence

from joulelab.analysis.figures.spec import (
    Axis,
    Dash,
    Drawn,
    Figure,
    Line,
    Mark,
    Missing,
    Panel,
    Spans,
)
from joulelab.analysis.traces import Seen, seen_of, top_phases
from joulelab.records import Energy, Trace
from joulelab.units import plus_minus, si

MOST_PHASES = 12
"""A run with more top-level phases is drawn without them."""


def power(trace: Trace, name: str, title: str) -> Drawn:
    """All instruments of a run on one axis; what was estimated is dashed."""
    seen = seen_of(trace)
    if not seen:
        return Missing(name, title, "The trace has no power: no instrument saw two moments.")
    phases = top_phases(trace)
    marks: list[Mark] = [_line(each) for each in seen]
    if 0 < len(phases) <= MOST_PHASES:
        names, starts, stops = zip(*phases, strict=True)
        marks.append(Spans(starts, stops, names))
    told = "; ".join(f"{each.name}: {_energy(each.energy)}" for each in seen)
    axes = Axis("time since the first sample", "s"), Axis("power", "W", low=0.0)
    kinds = sorted({each.energy.provenance for each in seen}, reverse=True)
    return Figure(
        name, title, f"Over the whole trace, {told}.", [Panel(*axes, marks)], n=1, of="run",
        provenance=kinds, formula="Power of a run",
    )  # fmt: skip


def over_each_other(traces: Sequence[tuple[str, Trace]], name: str, title: str) -> Drawn:
    """The widest measured instrument of several runs, from the first sample of each."""
    marks: list[Mark] = []
    for label, trace in traces:
        seen = seen_of(trace)
        if seen:
            first = seen[0]
            marks.append(Line(first.seconds, first.watts, f"{label}: {first.name}", step=True))
    if not marks:
        return Missing(name, title, "No trace of these runs was found on this machine.")
    axes = Axis("time since the first sample", "s"), Axis("power", "W", low=0.0)
    return Figure(
        name, title, "The widest instrument of each run.", [Panel(*axes, marks)], n=len(marks),
        formula="Power of a run",
    )  # fmt: skip


def _line(seen: Seen) -> Line:
    measured = seen.energy.provenance == "measured"
    dash: Dash = "solid" if measured else "dash"
    name = seen.name if measured else f"{seen.name} (estimated)"
    times = zip(seen.seconds, seen.watts, strict=True)
    text = [f"{name}<br>{second:.4g} s: {watts:.4g} W" for second, watts in times]
    return Line(seen.seconds, seen.watts, name, dash=dash, step=True, width=1.4, text=text)


def _energy(energy: Energy) -> str:
    joules = plus_minus(energy.value_j, energy.u_j, "J")
    if not energy.coverage:
        return joules
    mean = si(energy.value_j / (energy.coverage * energy.duration_s), "W")
    return f"{joules}, mean {mean}"
