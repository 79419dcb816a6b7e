"""A remote clock's offset, found from a load pattern."""

from __future__ import annotations

import numpy as np
import pytest
from energy_traces import channel, ns, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.load_pattern import halves_s
from joulelab.meters.energy.alignment import ON, PATTERN, aligned, metrics, offset
from joulelab.meters.energy.curves import curves_of
from joulelab.meters.energy.ledger import settle

START_S = 40.0


class Pattern:
    """On and off by turns from START_S, then 10 s of idle and 30 s of fit."""

    def __init__(self, lengths_s):
        self.edges_s = START_S + np.concatenate(([0.0], np.cumsum(lengths_s)))
        self.end_s = float(self.edges_s[-1])
        on = zip(self.edges_s[:-1:2], self.edges_s[1::2], strict=True)
        self.phases = [
            (PATTERN, START_S, self.end_s),
            *((ON, float(start), float(stop)) for start, stop in on),
            ("idle", self.end_s, self.end_s + 10),
            ("fit", self.end_s + 10, self.end_s + 40),
        ]

    def load_w(self, at_s):
        on = np.searchsorted(self.edges_s, at_s, side="right") % 2 == 1
        on &= at_s < self.end_s
        fit = (at_s >= self.end_s + 10) & (at_s < self.end_s + 40)
        return 30 + 60 * on + 80 * fit


OURS, EVEN = Pattern(halves_s(4)), Pattern([5.0] * 8)


def seen(offset_s, period_s=1.0, noise_w=0.0, phase_s=0.3, seed=0, u_clock_s=20.0, pattern=OURS):
    """What an instrument whose clock is `offset_s` ahead recorded of the load."""
    at_s = np.arange(phase_s, pattern.end_s + 60, period_s)
    watts = pattern.load_w(at_s) + np.random.default_rng(seed).normal(0, noise_w, len(at_s))
    what = channel("power", "wall", "power", u_clock_s=u_clock_s)
    return trace({"plug.power": (what, at_s + offset_s, watts)}, pattern.phases)


def found(recorded):
    return offset(curves_of(recorded)["plug.power"], recorded.phases)


@settings(deadline=None, max_examples=25)
@given(st.floats(-25, 25), st.floats(0, 1), st.integers(0, 1000), st.sampled_from(["ours", "even"]))
def test_the_offset_is_found_within_three_standard_uncertainties(offset_s, phase_s, seed, which):
    pattern = {"ours": OURS, "even": EVEN}[which]
    result = found(seen(offset_s, noise_w=2.0, phase_s=phase_s, seed=seed, pattern=pattern))
    assert result is not None
    assert abs(result.offset_s - offset_s) <= 3 * result.u_offset_s


@pytest.mark.parametrize("pattern", [OURS, EVEN], ids=["ours", "even"])
def test_the_uncertainty_is_neither_too_small_nor_boastful(pattern):
    errors, claimed = [], []
    rng = np.random.default_rng(1)
    for seed in range(60):
        true_s = rng.uniform(-5, 5)
        recorded = seen(true_s, noise_w=4.0, phase_s=rng.random(), seed=seed, pattern=pattern)
        result = found(recorded)
        errors.append(result.offset_s - true_s)
        claimed.append(result.u_offset_s)
    root = np.sqrt(np.mean(np.square(errors)))
    assert 0.3 < root / np.mean(claimed) < 1.5


def test_our_pattern_tells_the_offset_better_than_an_even_one():
    ours, even = (found(seen(1.0, pattern=pattern)).u_offset_s for pattern in (OURS, EVEN))
    assert ours < 0.5 * even


def test_contrast_is_the_power_of_the_load():
    assert found(seen(3.0, period_s=0.1)).contrast_w == pytest.approx(60, rel=0.05)


def test_a_meter_that_shows_no_pattern_has_no_offset():
    flat = seen(0.0)
    values = {"plug.power": np.random.default_rng(0).normal(50, 5, len(flat.values["plug.power"]))}
    assert found(type(flat)(flat.channels, flat.times_ns, values, flat.phases)) is None


def test_samples_move_and_the_channel_says_by_how_much():
    moved = aligned(seen(7.0))
    what = moved.channels["plug.power"]
    assert what.clock_offset_s == pytest.approx(7, abs=0.5)
    assert what.u_clock_s < 0.5
    fit_j = settle(moved).phases["fit"]["plug.power"].value_j
    assert fit_j == pytest.approx(30 * 110, rel=0.02)
    assert metrics(moved)["clock/plug/offset_s"] == what.clock_offset_s


def test_the_energy_before_lay_inside_what_its_clock_allowed():
    before = settle(seen(7.0, u_clock_s=10.0)).phases["fit"]["plug.power"]
    assert abs(before.value_j - 30 * 110) > 100
    assert abs(before.value_j - 30 * 110) < 2 * before.u_j


def test_a_meter_stamped_here_stays():
    recorded = seen(7.0, u_clock_s=0.0)
    assert aligned(recorded).times_ns["plug.power"] is recorded.times_ns["plug.power"]
    assert metrics(recorded) == {}


def test_a_clock_known_better_than_the_pattern_tells_stays():
    recorded = seen(0.2, u_clock_s=0.001)
    assert aligned(recorded).channels["plug.power"].clock_offset_s == 0


def test_a_trace_without_a_pattern_is_itself():
    recorded = seen(7.0)
    plain = type(recorded)(recorded.channels, recorded.times_ns, recorded.values, ())
    assert aligned(plain) is plain


def test_twice_is_once():
    once = aligned(seen(7.0))
    twice = aligned(once)
    assert twice.channels["plug.power"].clock_offset_s == pytest.approx(
        once.channels["plug.power"].clock_offset_s, abs=0.2
    )


def test_phases_are_of_this_hosts_clock():
    moved = aligned(seen(7.0))
    assert next(phase.start_ns for phase in moved.phases) == ns(START_S)
