"""A power and a counter of one instrument: who is believed where."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from energy_traces import channel, ns, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.meters.energy.curves import curves_of
from joulelab.meters.energy.headline import headline_channels
from joulelab.meters.energy.integration import weigh
from joulelab.meters.energy.intervals import Spans
from joulelab.meters.energy.reconcile import reconcile, reconciled

POWER = channel(
    "power", "wall", "power", accuracy_absolute_w=3.0, accuracy_relative=0.01, update_period_s=1.0
)
COUNTER = channel("counter", "wall", "energy", resolution=3.6, update_period_s=1.0, inside="power")


def load_w(at_s):
    """20 W at rest, 100 W of work from 100 s to 500 s."""
    return np.where((at_s >= 100) & (at_s < 500), 100.0, 20.0)


def used_j(at_s):
    return 20.0 * at_s + 80.0 * np.clip(at_s - 100, 0, 400)


def stepped(joules, step=3.6):
    return np.floor(joules / step) * step


def plug(times, watts, joules, power=POWER, counter=COUNTER):
    return trace({"p.power": (power, times, watts), "p.energy": (counter, times, joules)})


def energy(curve, start_s, stop_s):
    return weigh(curve, Spans.of({"": [(ns(start_s), ns(stop_s))]})).energies()[""]


def both(of):
    before = curves_of(of)
    return before["p.power"], reconciled(before)["p.power"]


TIMES = np.arange(0, 601.0)


def test_counter_takes_the_power_s_offset_away():
    raw, curve = both(plug(TIMES, load_w(TIMES) + 2.0, stepped(used_j(TIMES))))
    truth = float(used_j(500.0) - used_j(100.0))
    assert energy(raw, 100, 500).value_j == pytest.approx(truth + 800, abs=60)
    assert energy(curve, 100, 500).value_j == pytest.approx(truth, rel=2e-3)


def test_power_keeps_the_shape_inside_a_stretch():
    """A counter refreshed every 60 s knows nothing of a burst of 10 s; the power does."""
    watts = np.where((TIMES >= 300) & (TIMES < 310), 120.0, 20.0)
    exact = 20.0 * TIMES + 100.0 * np.clip(TIMES - 300, 0, 10)
    joules = exact[(TIMES // 60).astype(int) * 60]
    slow = dataclasses.replace(COUNTER, update_period_s=60.0)
    _, curve = both(plug(TIMES, watts, joules, counter=slow))
    assert energy(curve, 298, 312).value_j == pytest.approx(1000 + 14 * 20, rel=0.06)


def test_short_trace_stays_as_the_power_says():
    times = np.arange(0, 9.0)
    of = plug(times, np.full(9, 52.0), stepped(50.0 * times))
    raw, curve = both(of)
    assert curve is raw


def test_power_that_the_counter_confirms_stays_as_it_is():
    raw, curve = both(plug(TIMES, load_w(TIMES), stepped(used_j(TIMES))))
    for start_s, stop_s in ((110, 113), (300, 306), (110, 490)):
        expected = energy(raw, start_s, stop_s).value_j
        assert energy(curve, start_s, stop_s).value_j == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("length_s", [5, 30, 300])
def test_a_corrected_phase_lies_within_what_it_states(length_s):
    rng = np.random.default_rng(length_s)
    inside = []
    for _ in range(200):
        step_at_s = rng.random() * 3.6
        joules = stepped(used_j(TIMES) + step_at_s)
        _, curve = both(plug(TIMES, load_w(TIMES) + 1.5, joules))
        start_s = 110 + rng.random() * 80
        found = energy(curve, start_s, start_s + length_s)
        random_j = found.u_independent_j
        inside.append(abs(found.value_j - 100.0 * length_s) <= 2 * random_j)
    assert np.mean(inside) >= 0.93


def test_coarse_counter_leaves_a_short_phase_alone():
    """A whole watt-hour a step, as Tasmota counts: nothing to say of ten minutes at 20 W."""
    coarse = dataclasses.replace(COUNTER, resolution=3600.0)
    raw, curve = both(plug(TIMES, load_w(TIMES), stepped(used_j(TIMES), 3600.0), counter=coarse))
    assert curve is raw


def test_gap_in_the_power_is_bridged_by_the_counter():
    watts, joules = load_w(TIMES).copy(), stepped(used_j(TIMES))
    watts[200:260] = joules[200:260] = math.nan
    raw, curve = both(plug(TIMES, watts, joules))
    truth = float(used_j(500.0) - used_j(100.0))
    assert energy(raw, 100, 500).value_j < 0.9 * truth
    found = energy(curve, 100, 500)
    assert found.value_j == pytest.approx(truth, rel=2e-3)
    assert found.bridged
    assert found.coverage == pytest.approx(1 - 61 / 400, abs=0.01)


def test_bridged_gap_keeps_the_plug_in_the_headline():
    watts, joules = load_w(TIMES).copy(), stepped(used_j(TIMES))
    watts[200:260] = joules[200:260] = math.nan
    curves = curves_of(plug(TIMES, watts, joules))
    spans = Spans.of({"fit": [(ns(100), ns(500))]})
    for each, expected in ((curves, ()), (reconciled(curves), ("p.power",))):
        weighed = {name: weigh(curve, spans) for name, curve in each.items()}
        assert headline_channels(weighed, "fit") == expected


def test_headline_counts_the_plug_once():
    curves = reconciled(curves_of(plug(TIMES, load_w(TIMES), stepped(used_j(TIMES)))))
    weighed = {name: weigh(c, Spans.of({"": [(0, ns(600))]})) for name, c in curves.items()}
    assert headline_channels(weighed, "") == ("p.power",)


def test_restart_of_the_counter_is_no_energy():
    joules = stepped(used_j(TIMES))
    joules[300] = math.inf
    joules[301:] -= 15_000.0
    raw, curve = both(plug(TIMES, load_w(TIMES), joules))
    assert energy(curve, 0, 600).value_j == pytest.approx(energy(raw, 0, 600).value_j, rel=5e-3)


def test_counter_of_another_unit_is_not_believed():
    """kWh taken for Wh: far beyond what either declares."""
    raw, curve = both(plug(TIMES, load_w(TIMES), 1000 * used_j(TIMES)))
    assert energy(curve, 0, 600).value_j == energy(raw, 0, 600).value_j


def test_outlet_that_was_off_is_no_source():
    watts = np.where((TIMES % 60) < 30, 40.0, 0.0)
    joules = 0.93 * np.concatenate(([0.0], np.cumsum((watts[1:] + watts[:-1]) / 2)))
    _, curve = both(plug(TIMES, watts, joules))
    assert np.all(np.diff(curve.energy_j) >= 0)
    assert energy(curve, 0, 600).value_j == pytest.approx(joules[-1], rel=0.02)


def test_sampling_uncertainty_falls_to_the_counter_s():
    noise = np.random.default_rng(1).normal(0, 15, len(TIMES))
    raw, curve = both(plug(TIMES, load_w(TIMES) + noise, stepped(used_j(TIMES))))
    assert energy(curve, 110, 490).u_independent_j < 0.6 * energy(raw, 110, 490).u_independent_j


def test_counter_inside_a_counter_is_left_alone():
    package = channel("counter", "cpu", "package")
    core = channel("counter", "cpu", "core", inside="package")
    curves = curves_of(
        trace({"r.package": (package, TIMES, used_j(TIMES)), "r.core": (core, TIMES, TIMES)})
    )
    after = reconciled(curves)
    assert list(after) == list(curves)
    assert all(after[name] is curves[name] for name in curves)


@st.composite
def plugs(draw):
    seconds = draw(st.integers(3, 400))
    times = np.arange(0.0, seconds)
    seed = np.random.default_rng(draw(st.integers(0, 10_000)))
    watts = np.repeat(seed.uniform(0, 400, seconds // 7 + 1), 7)[:seconds]
    exact = np.concatenate(([0.0], np.cumsum((watts[1:] + watts[:-1]) / 2)))
    joules = stepped(exact, draw(st.sampled_from([0.001, 3.6, 60.0])))
    shown = watts * draw(st.floats(0.9, 1.1)) + draw(st.floats(-5, 5))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, seconds - 1))
        what = draw(st.sampled_from(["gap", "restart", "power only"]))
        until = at + draw(st.integers(1, 40))
        if what == "restart":
            joules[at] = math.inf
        else:
            shown[at:until] = math.nan
            if what == "gap":
                joules[at:until] = math.nan
    return plug(times, shown, joules)


@settings(max_examples=60, deadline=None)
@given(plugs(), st.lists(st.floats(0, 400), min_size=1, max_size=5))
def test_parts_add_up_and_nothing_is_lost(of, cuts):
    power = curves_of(of)["p.power"]
    curve = reconciled(curves_of(of))["p.power"]
    for cumulative in (curve.seen_s, curve.counted_s, curve.variance_j2):
        assert np.all(np.diff(cumulative) >= -1e-9)
    assert np.all(np.isfinite(curve.energy_j))
    assert curve.seen_s[-1] == pytest.approx(power.seen_s[-1])
    elapsed_s = (curve.times_ns - curve.times_ns[0]) / 1e9
    assert np.all(curve.counted_s <= elapsed_s + 1e-6)
    edges = np.array([0, *sorted(ns(cut) for cut in cuts), ns(400)], dtype=np.int64)
    parts = np.diff(curve.energy_at(edges))
    whole = curve.energy_at(edges[-1:]) - curve.energy_at(edges[:1])
    assert parts.sum() == pytest.approx(float(whole[0]), rel=1e-9, abs=1e-6)


def test_long_run_is_quick():
    """A day at 1 Hz."""
    times = np.arange(0, 86_400.0)
    curves = curves_of(plug(times, np.full(len(times), 50.0), stepped(50.0 * times)))
    curve = reconcile(curves["p.power"], curves["p.energy"])
    assert curve.energy_j[-1] == pytest.approx(50.0 * times[-1], rel=1e-4)
