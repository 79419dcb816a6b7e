"""A run's energies by phase, channel and headline, and the flat numbers that the store keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from joulelab.meters.energy.curves import Curve, Floats, Times, curves_of
from joulelab.meters.energy.headline import headline_channels
from joulelab.meters.energy.integration import weigh
from joulelab.meters.energy.intervals import (
    RUN,
    Intervals,
    Spans,
    phase_intervals,
    top_level,
    work_intervals,
)
from joulelab.meters.energy.peaks import peak_memory_bytes, peak_power_w
from joulelab.meters.energy.reconcile import reconciled
from joulelab.meters.energy.rest import Rest
from joulelab.meters.energy.uncertainty import combine
from joulelab.records import Energy, Metrics, Trace

_WORK = "/work"
_JUDGED = "/judged"
"""Weighed beside the phases; no phase's name begins with a slash."""


@dataclass(frozen=True)
class Ledger:
    """Energies of a run, each figure None where nothing weighed it.

    `phases`: phase path -> channel id -> energy, auxiliary channels left out. Beside the phases of
    the trace there are `run`, from the first phase or sample to the last, and `other`, what of it
    lies in no top-level phase. `headline`: phase path -> energy of `headline_channels`, the same
    for every phase, also for one that they hardly saw (its coverage tells). `work` is fit and
    evaluate; `dynamic` is work less power at rest, `idle_w`, in the same time.
    """

    phases: Mapping[str, Mapping[str, Energy]]
    headline_channels: tuple[str, ...]
    headline: Mapping[str, Energy]
    work: Energy | None
    dynamic: Energy | None
    idle_w: float | None
    u_idle_w: float | None


def settle(trace: Trace) -> Ledger:
    """All energies of a run.

    The headline's channels are chosen by what they saw of the work; where a run ended before its
    work began, of its top-level phases, or of all there is.
    """
    curves = reconciled(curves_of(trace))
    intervals = phase_intervals(trace.phases, curves)
    work = work_intervals(trace.phases)
    judged: Intervals = work or top_level(trace.phases) or intervals.get(RUN, [])
    spans = Spans.of({**intervals, _WORK: work, _JUDGED: judged})
    weighed = {channel_id: weigh(curve, spans) for channel_id, curve in curves.items()}
    energies = {channel_id: each.energies() for channel_id, each in weighed.items()}
    chosen = headline_channels(weighed, _JUDGED)
    headline: dict[str, Energy] = {}
    if chosen:
        for name in spans.names:
            headline[name] = combine({each: energies[each][name] for each in chosen})
    worked = headline.get(_WORK) if work else None
    rest = Rest.of({channel_id: weighed[channel_id] for channel_id in chosen})
    return Ledger(
        phases={name: {each: energies[each][name] for each in curves} for name in intervals},
        headline_channels=chosen,
        headline={name: headline[name] for name in intervals if chosen},
        work=worked,
        dynamic=None if rest is None or worked is None else rest.dynamic(_WORK, worked),
        idle_w=None if rest is None else rest.power_w,
        u_idle_w=None if rest is None else rest.u_power_w,
    )


def curve_energy_j(trace: Trace, ledger: Ledger, times_ns: Sequence[int]) -> Floats:
    """(m,) headline joules from the start of fit to each time; NaN without a headline or a fit."""
    starts = [phase.start_ns for phase in trace.phases if phase.name == "fit"]
    if not starts or not ledger.headline_channels:
        return np.full(len(times_ns), np.nan)
    totals = _headline_at(trace, ledger, [min(starts), *times_ns])
    since_start: Floats = totals[1:] - totals[0]
    return since_start


def phase_energy_j(trace: Trace, ledger: Ledger, phase: str, times_ns: Sequence[int]) -> Floats:
    """(m,) headline joules of all visits of a phase up to each time; NaN without a headline or a
    visit."""
    visits = np.array([(x.start_ns, x.stop_ns) for x in trace.phases if x.name == phase], np.int64)
    if not len(visits) or not ledger.headline_channels:
        return np.full(len(times_ns), np.nan)
    times = np.array(times_ns, dtype=np.int64)
    cut = np.minimum(visits[None], times[:, None, None])
    found = _headline_at(trace, ledger, cut.ravel()).reshape(cut.shape)
    spent: Floats = (found[..., 1] - found[..., 0]).sum(axis=1)
    return spent


def _headline_at(trace: Trace, ledger: Ledger, times_ns: Sequence[int] | Times) -> Floats:
    """(m,) headline joules from its first sample to each time."""
    asked = np.array(times_ns, dtype=np.int64)
    curves = reconciled(curves_of(trace))
    totals = [curves[channel_id].energy_at(asked) for channel_id in ledger.headline_channels]
    summed: Floats = np.sum(totals, axis=0)
    return summed


def metrics(trace: Trace, ledger: Ledger) -> Metrics:
    """The numbers of a run in the store. What is not known is a missing key.

    `energy_j`, `energy_dynamic_j`, `energy_j/<phase>`, `energy_j/<phase>/<meter>.<channel>`, each
    with `_u_independent` and `_u_shared` (J, k = 1); `coverage/<meter>.<channel>` over the work;
    `power_w/mean` and `power_w/peak` of the work, `power_w/idle`; `duration_s` of the work,
    `duration_s/<phase>`; `memory_bytes/peak`. `run` and `other` are phases here.
    """
    found: Metrics = {}
    _add(found, "energy_j", ledger.work)
    _add(found, "energy_dynamic_j", ledger.dynamic)
    for phase, energy in ledger.headline.items():
        _add(found, f"energy_j/{phase}", energy)
    for phase, by_channel in ledger.phases.items():
        for channel_id, energy in by_channel.items():
            _add(found, f"energy_j/{phase}/{channel_id}", energy)
    if ledger.idle_w is not None:
        found["power_w/idle"] = ledger.idle_w
    curves = reconciled(curves_of(trace))
    spans = Spans.of(phase_intervals(trace.phases, curves))
    for name, seconds in zip(spans.names, spans.duration_s.tolist(), strict=True):
        found[f"duration_s/{name}"] = seconds
    work = work_intervals(trace.phases)
    return found | _of_work(trace, ledger, curves, work) if work else found


def _of_work(trace: Trace, ledger: Ledger, curves: Mapping[str, Curve], work: Intervals) -> Metrics:
    spans = Spans.of({"": work})
    known: dict[str, float | None] = {"duration_s": float(spans.duration_s[0])}
    for channel_id, curve in curves.items():
        known[f"coverage/{channel_id}"] = float(weigh(curve, spans).coverage[0])
    if ledger.work is not None:
        chosen = {channel_id: curves[channel_id] for channel_id in ledger.headline_channels}
        known["power_w/mean"] = ledger.work.power_w
        known["power_w/peak"] = peak_power_w(chosen, work)
    known["memory_bytes/peak"] = peak_memory_bytes(trace, work)
    return {key: value for key, value in known.items() if value is not None}


def _add(found: Metrics, key: str, energy: Energy | None) -> None:
    if energy is not None and (energy.coverage > 0 or energy.bridged):
        found[key] = energy.value_j
        found[f"{key}_u_independent"] = energy.u_independent_j
        found[f"{key}_u_shared"] = energy.u_shared_j
