from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from energy_traces import channel, ns, one, weighed

from joulelab.meters.energy.integration import channel_energy
from joulelab.records import Trace

SQRT3 = math.sqrt(3)


@pytest.mark.parametrize("edges", [[], [10.0]])
@pytest.mark.parametrize("since", [-9.0, 0.0])
def test_the_smear_of_a_step_at_a_phase_edge_is_covered(edges: list[float], since: float) -> None:
    for offset in np.linspace(0.02, 0.98, 25):
        times = np.sort([*(np.arange(-5, 20) + offset), *edges])
        values = np.where((times > since) & (times < 10), 220.0, 70.0)
        seen = weighed(channel(), times, values, 0, 10)
        assert abs(seen.value_j - 2200) <= 2 * seen.u_j


def test_accuracy_splits_into_shared_and_independent_parts_by_variance() -> None:
    what = channel(accuracy_absolute_w=3.0, accuracy_relative=0.01, shared_fraction=0.75)
    seen = weighed(what, np.arange(11), np.full(11, 200.0), 0, 10)
    bound = (3 + 0.01 * 200) * 10 / SQRT3
    assert seen.u_shared_j == pytest.approx(bound * math.sqrt(0.75))
    assert seen.u_independent_j == pytest.approx(bound / 2)


def test_a_steady_perfect_power_has_no_uncertainty() -> None:
    assert weighed(channel(), np.arange(11), np.full(11, 200.0), 0, 10).u_j == 0.0


def test_a_counter_late_by_a_tenth_of_a_second_errs_by_so_much_power_at_each_end() -> None:
    what = channel("counter", update_period_s=0.1)
    seen = weighed(what, np.arange(11), np.arange(11) * 60.0, 2, 8)
    assert seen.u_independent_j == pytest.approx(60 * 0.1 / math.sqrt(6))


def test_a_power_that_shows_late_is_uncertain_by_what_its_ends_differ() -> None:
    times = np.arange(0, 20.05, 0.1)
    for late in (0.0, 0.5, 1.0):
        values = np.where((times >= 5 + late) & (times < 15 + late), 220.0, 70.0)
        seen = weighed(channel(update_period_s=1.0), times, values, 5, 15)
        assert abs(seen.value_j - 2200) <= 2 * seen.u_j
        assert seen.u_j == pytest.approx(150 / SQRT3, rel=0.15)


def test_an_edge_inside_a_bridged_gap_is_less_certain_than_one_beside_it() -> None:
    times = np.concatenate((np.arange(11), np.arange(20, 31)))
    beside = weighed(channel("counter"), times, times * 50.0, 0, 10)
    inside = weighed(channel("counter"), times, times * 50.0, 0, 15)
    across = weighed(channel("counter"), times, times * 50.0, 0, 25)
    assert beside.u_j == across.u_j == 0.0
    assert inside.u_j == pytest.approx(500 / math.sqrt(12))


def test_uncertainty_never_falls_when_the_meter_gets_worse() -> None:
    times, values = np.arange(11), np.full(11, 200.0)
    good = channel(accuracy_relative=0.01)
    for worse in (
        replace(good, accuracy_relative=0.02),
        replace(good, accuracy_absolute_w=1.0),
        replace(good, resolution=1.0),
    ):
        assert weighed(worse, times, values, 0, 10).u_j > weighed(good, times, values, 0, 10).u_j


def test_uncertainty_is_of_the_trace_given_not_of_its_order() -> None:
    times, values = np.arange(30), np.random.default_rng(4).normal(100, 5, 30)
    of = one(channel(), times, values)
    backwards = Trace(of.channels, {"m.a": of.times_ns["m.a"][::-1]}, {"m.a": values[::-1]})
    whole = [(0, ns(29))]
    assert channel_energy(backwards, "m.a", whole) == channel_energy(of, "m.a", whole)
