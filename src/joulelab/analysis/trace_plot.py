"""One run as all its instruments saw it: power over time, on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.analysis.plots import STYLE
from joulelab.meters.energy.curves import Curve, Floats, curves_of, ratio
from joulelab.meters.energy.integration import weigh
from joulelab.meters.energy.intervals import Intervals, Spans, union
from joulelab.meters.energy.reconcile import reconciled
from joulelab.meters.energy.scopes import LEVELS, PROVENANCES, meter_of
from joulelab.meters.energy.uncertainty import combine
from joulelab.records import Channel, Energy, Phase, Trace
from joulelab.units import NS_PER_S, plus_minus, si

SCOPES = [scope for level in LEVELS for scope in level]
POINTS = 1500
MOST_PHASES = 12
"""A run with more top-level phases is drawn without them."""
LABELLED = 0.04
"""A phase that takes a smaller share of the axis has no room for its name."""
INCHES = (11.0, 5.0)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito: told apart by colour-blind readers too."""


def instruments(curves: Mapping[str, Curve]) -> dict[str, list[str]]:
    """Ids of the channels that one meter sums up at one scope, by `<meter> <scope>`: measured ones
    first, the widest first."""
    found: dict[str, list[str]] = {}
    for channel_id, curve in sorted(curves.items(), key=lambda item: _place(item[1].channel)):
        if curve.channel.inside is None and curve.counted_s[-1] > 0:
            name = f"{meter_of(channel_id)} {curve.channel.scope}"
            found.setdefault(name, []).append(channel_id)
    return found


def _place(channel: Channel) -> tuple[int, int]:
    return PROVENANCES.index(channel.provenance), SCOPES.index(channel.scope)


def energies(trace: Trace, intervals: Intervals) -> dict[str, Energy]:
    """What each instrument saw of the intervals."""
    curves = reconciled(curves_of(trace))
    spans = Spans.of({"": intervals})
    return {
        name: combine({each: weigh(curves[each], spans).energies()[""] for each in ids})
        for name, ids in instruments(curves).items()
    }


def span(trace: Trace) -> list[tuple[int, int]]:
    """From the first sample to the last."""
    times = [times for times in trace.times_ns.values() if len(times)]
    if not times:
        return []
    return [(min(int(each[0]) for each in times), max(int(each[-1]) for each in times))]


def power(trace: Trace, path: Path, title: str) -> Path:
    """Draws the figure; its legend says each instrument's energy over the whole trace, and whether
    anything measured it."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.rcsetup import cycler

    curves = reconciled(curves_of(trace))
    whole = span(trace)
    with matplotlib.rc_context({**STYLE, "axes.prop_cycle": cycler("color", COLOURS)}):
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        total = energies(trace, whole)
        for name, ids in instruments(curves).items():
            seconds, watts = _series([curves[each] for each in ids], whole)
            style = "-" if total[name].provenance == "measured" else "--"
            label = _label(name, total[name])
            axes.step(seconds, watts, style, where="post", linewidth=1.2, label=label)
        _shade(axes, trace.phases, whole)
        axes.set(xlabel="time since the first sample (s)", ylabel="power (W)")
        axes.set_title(title, loc="left", fontweight="bold", pad=22)
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        if total:
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        figure.savefig(path, dpi=150)
    return path


def _series(curves: Sequence[Curve], whole: Intervals) -> tuple[Floats, Floats]:
    """Window means of the curves' sum from each edge of an even grid to the next, the last one
    twice; NaN where one of them has a gap."""
    ((start, stop),) = whole
    step_ns = max((stop - start) // POINTS, *(_step_ns(each) for each in curves), 1)
    edges = np.arange(start, stop + 1, step_ns, dtype=np.int64)
    if len(edges) < 2:
        edges = np.array([start, stop], dtype=np.int64)
    watts = np.zeros(len(edges) - 1)
    for curve in curves:
        seen = np.diff(curve.interpolate(curve.seen_s, edges))
        joules = np.diff(curve.energy_at(edges))
        enough = seen >= 0.5 * np.diff(edges) / NS_PER_S
        watts += np.where(enough, ratio(joules, seen), np.nan)
    return (edges - start) / NS_PER_S, np.append(watts, watts[-1:])


def _step_ns(curve: Curve) -> int:
    """The shortest time over which the curve is worth a point: a counter needs several steps."""
    if curve.channel.kind == "counter":
        return round(curve.window_s * NS_PER_S)
    return int(np.median(np.diff(curve.times_ns))) if len(curve.times_ns) > 1 else 1


def _label(name: str, energy: Energy) -> str:
    joules = plus_minus(energy.value_j, energy.u_j, "J")
    mean = (
        si(energy.value_j / (energy.coverage * energy.duration_s), "W") if energy.coverage else ""
    )
    note = "" if energy.provenance == "measured" else " (estimated)"
    return f"{name}{note}\n{joules}, mean {mean}"


def _shade(axes: Any, phases: Sequence[Phase], whole: Intervals) -> None:
    if not whole:
        return
    start_ns = whole[0][0]
    top = [phase for phase in phases if "/" not in phase.name]
    if len(top) > MOST_PHASES or not union((each.start_ns, each.stop_ns) for each in top):
        return
    for number, phase in enumerate(top):
        first, last = (phase.start_ns - start_ns) / NS_PER_S, (phase.stop_ns - start_ns) / NS_PER_S
        if number % 2 == 0:
            axes.axvspan(first, last, color="#f3f3f3", zorder=0)
        if last - first < LABELLED * (whole[0][1] - start_ns) / NS_PER_S:
            continue
        axes.text(
            (first + last) / 2,
            1.0,
            phase.name,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
            color="#666666",
            rotation=30 if len(top) > 6 else 0,
        )
