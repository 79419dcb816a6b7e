"""Samples x phases -> energies. Pure: no clock, no file, no meter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from joulelab.meters.energy import uncertainty
from joulelab.meters.energy.curves import Curve, Floats, build, edges_of, ratio, samples_of
from joulelab.meters.energy.intervals import Intervals, Spans
from joulelab.records import Channel, Energy, Trace


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one channel saw of each name of some spans; arrays of (g,).

    `systematic_j` is a standard uncertainty common to the whole run, `random_j2` the variance of
    everything that is new in each name.
    """

    channel: Channel
    names: tuple[str, ...]
    value_j: Floats
    seen_s: Floats
    counted_s: Floats
    duration_s: Floats
    systematic_j: Floats
    random_j2: Floats

    def energies(self) -> dict[str, Energy]:
        """By name. Nothing seen and nothing bridged is 0 J at coverage 0: unknown, not small."""
        shared = self.channel.shared_fraction
        independent = np.sqrt((1 - shared) * self.systematic_j**2 + self.random_j2)
        columns = zip(
            self.value_j.tolist(),
            independent.tolist(),
            (np.sqrt(shared) * self.systematic_j).tolist(),
            self.coverage.tolist(),
            self.duration_s.tolist(),
            # A nanosecond: a sum of seconds is not exact.
            (self.counted_s - self.seen_s > 1e-9).tolist(),
            strict=True,
        )
        scope, provenance = self.channel.scope, self.channel.provenance
        return {
            name: Energy(value, u_independent, u_shared, seen, seconds, scope, provenance, bridged)
            for name, (value, u_independent, u_shared, seen, seconds, bridged) in zip(
                self.names, columns, strict=True
            )
        }

    @property
    def coverage(self) -> Floats:
        """Share of the time that was seen; 0 for no time at all."""
        return _share(self.seen_s, self.duration_s)

    @property
    def counted_share(self) -> Floats:
        """Share of the time whose energy is known: seen, or bridged by the counter itself."""
        return _share(self.counted_s, self.duration_s)


def weigh(curve: Curve, spans: Spans) -> Weighed:
    """Energy, coverage and uncertainty of one channel over every name of the spans."""
    first, last = curve.times_ns[0], curve.times_ns[-1]
    start, stop = np.clip(spans.start_ns, first, last), np.clip(spans.stop_ns, first, last)
    energy = curve.energy_at(stop) - curve.energy_at(start)
    seen, counted = (
        curve.interpolate(each, stop) - curve.interpolate(each, start)
        for each in (curve.seen_s, curve.counted_s)
    )
    value, total_s = spans.total(energy), spans.total(counted)
    channel = curve.channel
    mean_w = ratio(energy, counted)
    if channel.kind == "counter":
        random = uncertainty.counter_variance_j2(curve, start, stop, mean_w)
    else:
        random = uncertainty.boundary_variance_j2(curve, start, stop, mean_w)
    random += uncertainty.clock_variance_j2(curve, start, stop, mean_w)
    random_j2 = spans.total(np.where(counted > 0, random, 0.0))
    if channel.kind == "power":
        sampling, samples = uncertainty.sampling_variance_j2(curve, start, stop)
        widening = uncertainty.student_widening(spans.total(samples)) ** 2
        random_j2 += spans.total(np.where(counted > 0, sampling, 0.0)) * widening
        random_j2 += uncertainty.rounding_variance_j2(channel, total_s)
    return Weighed(
        channel,
        spans.names,
        value,
        spans.total(seen),
        total_s,
        spans.duration_s,
        uncertainty.systematic_j(channel, value, total_s),
        random_j2,
    )


def channel_energy(trace: Trace, channel_id: str, intervals: Intervals) -> Energy:
    """What one channel saw of a union of intervals; KeyError for a channel the trace lacks.

    Unseen power adds no energy; a counter's gap adds its own difference unless the counter
    restarted or may have wrapped unseen. Coverage falls in each case. Before the first sample and
    after the last nothing was seen.
    """
    return weigh(_curve(trace, channel_id), Spans.of({"": intervals})).energies()[""]


def _curve(trace: Trace, channel_id: str) -> Curve:
    channel = trace.channels[channel_id]
    return build(channel, *samples_of(trace, channel_id), edges_of(trace.phases))


def _share(part: Floats, whole: Floats) -> Floats:
    # Sums of seconds may exceed the whole by a rounding.
    return np.minimum(np.nan_to_num(ratio(part, whole)), 1.0)
