"""The standard uncertainty of an energy, in two parts, and how energies are combined.

    u_E² = u_systematic² + u_resolution² + u_boundary² + u_integration² + u_clock²        (all k = 1)

`u_systematic` comes from the channel's accuracy bound; `Channel.shared_fraction` of its variance is
the shared part of an energy. The others are new in each run. A bound is the half width of a
rectangular distribution: divided by sqrt 3 (JCGM 100:2008, 4.3.7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from joulelab.meters.energy.curves import Curve, Floats, Times, plausible_power_w
from joulelab.meters.energy.scopes import meter_of
from joulelab.records import Channel, Energy
from joulelab.units import NS_PER_S


def systematic_j(channel: Channel, energy_j: Floats, counted_s: Floats) -> Floats:
    """The accuracy bound a + r P, integrated over the time that was counted, over sqrt 3.

    One error for the whole run: it grows linearly with time and energy, so it cancels in a
    difference as far as energy and time do.
    """
    bound = channel.accuracy_absolute_w * counted_s + channel.accuracy_relative * np.abs(energy_j)
    result: Floats = bound / math.sqrt(3)
    return result


def sampling_variance_j2(curve: Curve, start_ns: Times, stop_ns: Times) -> tuple[Floats, Floats]:
    """(m,) integration of a power over [start, stop] as the curve estimates it, J², and from how
    many samples."""
    variance = curve.interpolate(curve.variance_j2, stop_ns) - curve.interpolate(
        curve.variance_j2, start_ns
    )
    first = np.searchsorted(curve.times_ns, start_ns)
    return variance, (np.searchsorted(curve.times_ns, stop_ns, side="right") - first).astype(float)


def student_widening(samples: Floats) -> Floats:
    """How much wider than 1.96 standard deviations 95 % are, where n samples tell the deviation.

    Student's t at 0.975 by its Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5). The deviation
    comes from the n - 2 second differences, whose neighbours overlap: correlations -2/3 and 1/6 leave
    (n - 2) / (1 + 2 (4/9 + 1/36)) degrees of freedom (Welch & Satterthwaite).
    """
    z, freedom = 1.959964, np.maximum((samples - 2) * 18 / 35, 1.5)
    first = (z**3 + z) / (4 * freedom)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    result: Floats = 1 + (first + second + third) / z
    return result


def boundary_variance_j2(curve: Curve, start_ns: Times, stop_ns: Times, mean_w: Floats) -> Floats:
    """(m,) what a power's two ends add over [start, stop], J².

    A power that shows up to one update period late moves energy across both ends, bound (update
    period) x (power difference); and where power steps just at an end, the trapezoid smears the
    step over its interval. The two smears add as bounds do, for work usually differs from what is
    around it at both ends in the same sense.
    """
    before_start, before_stop = _ends_w(curve, start_ns, stop_ns, mean_w)
    lag = curve.channel.update_period_s * (before_stop - before_start)
    index, into_s, step_s = curve.locate(start_ns)
    smear = np.abs(curve.bend_w[index]) * (step_s - into_s) ** 2 / step_s
    # The interval that ends here, not one that begins here.
    index, into_s, step_s = curve.locate(stop_ns - 1)
    smear += np.abs(curve.bend_w[index]) * into_s**2 / step_s
    corrected: Floats = np.zeros(len(start_ns))
    if curve.end_variance_j2 is not None:
        for ends_ns in (start_ns, stop_ns):
            corrected += curve.interpolate(curve.end_variance_j2, ends_ns)
    result: Floats = (lag**2 + smear**2) / 3 + corrected
    return result


def clock_variance_j2(curve: Curve, start_ns: Times, stop_ns: Times, mean_w: Floats) -> Floats:
    """(m,) what the doubt about the instrument's clock adds, J²: one shift moves both ends, so that
    energy errs by shift x (power before the stop - power before the start)."""
    if curve.channel.u_clock_s == 0:
        return np.zeros(len(start_ns))
    before_start, before_stop = _ends_w(curve, start_ns, stop_ns, mean_w)
    result: Floats = (curve.channel.u_clock_s * (before_stop - before_start)) ** 2
    return result


def rounding_variance_j2(channel: Channel, counted_s: Floats) -> Floats:
    """Resolution of a power, J²: taken as the same in every sample, as it is for a steady load."""
    return (channel.resolution * counted_s) ** 2 / 12


def counter_variance_j2(curve: Curve, start_ns: Times, stop_ns: Times, mean_w: Floats) -> Floats:
    """(m,) resolution and boundary of a counter over [start, stop], J²; it errs at its ends only.

    What a reading shows is up to one update period old, independently at both ends: with the
    lags uniform in [0, t] and the powers P and Q before the ends, the mean square of P s - Q s' is
    t² (P²/3 + Q²/3 - PQ/2), which is the bound t |Q - P| over sqrt 3 where one of them is 0.
    """
    first, last = _ends_w(curve, start_ns, stop_ns, mean_w)
    period_s = curve.channel.update_period_s
    lag = period_s**2 * (first**2 / 3 + last**2 / 3 - first * last / 2)
    seen_start, unseen_start = _cuts(curve, start_ns)
    seen_stop, unseen_stop = _cuts(curve, stop_ns)
    cuts = (seen_start + seen_stop) ** 2 / 3 + unseen_start + unseen_stop
    # Two readings, each rounded to a step: twice (step / 2)² / 3.
    result: Floats = lag + cuts + curve.channel.resolution**2 / 6
    return result


def _cuts(curve: Curve, times_ns: Times) -> tuple[Floats, Floats]:
    """How a counter's curve errs where it is cut between two samples, h apart and x before the cut:
    (m,) bounds in J where the interval was seen, (m,) mean squares in J² where it was bridged.

    Seen: a power that keeps between two levels r apart leaves the chord by r x(h - x)/h at most; r
    is the range over the windows around the cut. Bridged: the energy before the cut is
    anything that 0 <= P <= P_max and the counter's own difference allow.
    """
    index, into_s, step_s = curve.locate(times_ns)
    following = np.minimum(index + 1, len(curve.times_ns) - 1)
    gain = curve.energy_j[following] - curve.energy_j[index]
    chord_w = gain / step_s
    seen = _range_w(curve, times_ns, chord_w) * into_s * (step_s - into_s) / step_s

    power_max = np.maximum(plausible_power_w(curve.channel), chord_w)
    least = np.maximum(0.0, gain - power_max * (step_s - into_s))
    most = np.minimum(gain, power_max * into_s)
    unseen = (most - least) ** 2 / 12 + ((most + least) / 2 - chord_w * into_s) ** 2

    was_seen = curve.seen_s[following] > curve.seen_s[index]
    bridged = ~was_seen & (curve.counted_s[following] > curve.counted_s[index])
    return np.where(was_seen, seen, 0.0), np.where(bridged, unseen, 0.0)


def _range_w(curve: Curve, times_ns: Times, otherwise: Floats) -> Floats:
    """(m,) highest less lowest windowed power, from six windows before each time to six after."""
    offsets = np.arange(-5, 7) * round(curve.window_s * NS_PER_S)
    around = curve.power_before((times_ns[:, None] + offsets).ravel())
    powers = _known(around.reshape(len(times_ns), len(offsets)), otherwise[:, None])
    result: Floats = np.ptp(powers, axis=1)
    return result


def _ends_w(curve: Curve, start_ns: Times, stop_ns: Times, mean_w: Floats) -> tuple[Floats, Floats]:
    """(m,) powers just before the start and just before the stop; the mean where nothing tells."""
    before_start = _known(curve.power_before(start_ns), mean_w)
    return before_start, _known(curve.power_before(stop_ns), mean_w)


def _known(values: Floats, otherwise: Floats) -> Floats:
    return np.where(np.isnan(values), np.nan_to_num(otherwise), values)


def combine(parts: Mapping[str, Energy]) -> Energy:
    """The sum of what several channels, by id, saw over the same time.

    Shared parts add linearly within one meter (one calibration) and in quadrature between meters;
    independent parts add in quadrature. Coverage is the least of all, scope that of the first part,
    provenance measured only where every part is. ValueError for no part at all.
    """
    if not parts:
        raise ValueError("the sum of no channels is not an energy")
    energies = tuple(parts.values())
    shared: dict[str, float] = {}
    for channel_id, energy in parts.items():
        meter = meter_of(channel_id)
        shared[meter] = shared.get(meter, 0.0) + energy.u_shared_j
    return Energy(
        value_j=math.fsum(energy.value_j for energy in energies),
        u_independent_j=math.hypot(*(energy.u_independent_j for energy in energies)),
        u_shared_j=math.hypot(*shared.values()),
        coverage=min(energy.coverage for energy in energies),
        duration_s=max(energy.duration_s for energy in energies),
        scope=energies[0].scope,
        provenance="measured"
        if all(energy.provenance == "measured" for energy in energies)
        else "estimated",
        bridged=any(energy.bridged for energy in energies),
    )


def difference(a: Energy, b: Energy, same_instrument: bool = True) -> tuple[float, float]:
    """a - b in J and its standard uncertainty.

    On one instrument the shared part counts once: an offset acts on the difference of durations, a
    gain on the difference of energies. An Energy keeps only their sum, u = offset x T + gain x E;
    a and b are two such equations, solved here for offset and gain, and the two effects are then
    added as bounds are. On two instruments everything adds in quadrature.
    """
    independent = math.hypot(a.u_independent_j, b.u_independent_j)
    shared = (
        _shared_of_difference(a, b) if same_instrument else math.hypot(a.u_shared_j, b.u_shared_j)
    )
    return a.value_j - b.value_j, math.hypot(independent, shared)


def _shared_of_difference(a: Energy, b: Energy) -> float:
    energy_a, energy_b = abs(a.value_j), abs(b.value_j)
    determinant = a.duration_s * energy_b - b.duration_s * energy_a
    scale = a.duration_s * energy_b + b.duration_s * energy_a
    apart = abs(a.u_shared_j - b.u_shared_j)
    if abs(determinant) <= 1e-6 * scale:
        # Equal powers: offset and gain act alike, their split does not matter.
        return apart
    offset_w = (a.u_shared_j * energy_b - b.u_shared_j * energy_a) / determinant
    gain = (b.u_shared_j * a.duration_s - a.u_shared_j * b.duration_s) / determinant
    # Rounding, or energies that are not of one instrument after all, may leave either below zero.
    of_time = max(offset_w, 0.0) * abs(a.duration_s - b.duration_s)
    of_energy = max(gain, 0.0) * abs(a.value_j - b.value_j)
    return max(apart, of_time + of_energy)
