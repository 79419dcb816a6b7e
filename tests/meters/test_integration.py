from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from energy_traces import channel, ns, one, trace
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.energy.curves import curves_of
from joulelab.meters.energy.integration import channel_energy
from joulelab.meters.energy.intervals import union
from joulelab.records import Energy, Trace

COUNTER, POWER = channel("counter"), channel("power")


def energy(of: Trace, *intervals_s: tuple[float, float]) -> Energy:
    return channel_energy(of, "m.a", [(ns(start), ns(stop)) for start, stop in intervals_s])


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Power or counter, 2 to 40 samples 1 ms to 5 s apart, some without an answer or restarted."""
    n = draw(st.integers(2, 40))
    steps = draw(st.lists(st.integers(1, 5000), min_size=n, max_size=n))
    amounts = draw(st.lists(st.floats(0.01, 1000), min_size=n, max_size=n))
    times = np.cumsum(steps) / 1000
    kind = draw(st.sampled_from(["power", "counter"]))
    values = np.array(amounts) if kind == "power" else np.cumsum(amounts)
    bad = draw(st.lists(st.sampled_from([0, 0, 0, 0, math.nan, math.inf]), min_size=n, max_size=n))
    return one(channel(kind), times, values + np.array(bad))


@given(traces(), st.lists(st.floats(-5, 210), min_size=3, max_size=20, unique=True))
def test_adjacent_intervals_add_up_to_the_whole(of: Trace, cuts: list[float]) -> None:
    cuts = sorted(cuts)
    parts = [energy(of, pair) for pair in pairwise(cuts)]
    whole = energy(of, (cuts[0], cuts[-1]))
    total = energy(of, (-10, 300)).value_j
    assert math.fsum(part.value_j for part in parts) == pytest.approx(
        whole.value_j, rel=1e-9, abs=1e-12 * max(total, 1)
    )
    seen = math.fsum(part.coverage * part.duration_s for part in parts)
    assert seen == pytest.approx(whole.coverage * whole.duration_s, rel=1e-6, abs=1e-6)


@given(traces(), st.randoms(use_true_random=False))
def test_order_and_doubled_samples_do_not_matter(of: Trace, random: object) -> None:
    n = len(of.times_ns["m.a"])
    order = [*range(n), *range(0, n, 2)]
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = Trace(of.channels, {"m.a": of.times_ns["m.a"][order]}, {"m.a": of.values["m.a"][order]})
    assert energy(mixed, (0, 150)) == energy(of, (0, 150))


@given(traces(), st.integers(2, 20))
def test_a_union_is_the_sum_of_its_parts_however_they_overlap(of: Trace, n: int) -> None:
    pieces = [(3.0 * i, 3.0 * i + 4) for i in range(n)]
    assert energy(of, *pieces, *pieces[::-1]) == energy(of, (0.0, 3.0 * n + 1))


def test_union_joins_what_touches_and_drops_what_is_empty() -> None:
    assert union([(5, 7), (1, 3), (3, 4), (9, 9), (6, 8)]) == [(1, 4), (5, 8)]


@given(st.floats(0.1, 1e4), st.floats(0, 9), st.floats(0.01, 1))
def test_constant_power_is_exact(power: float, start: float, length: float) -> None:
    of = one(POWER, np.linspace(0, 10, 37), np.full(37, power))
    stop = start + length
    seconds = (ns(stop) - ns(start)) / 1e9
    assert energy(of, (start, stop)).value_j == pytest.approx(power * seconds, rel=1e-9)


@given(st.floats(0, 50), st.floats(0.1, 30), st.floats(0, 9), st.floats(0.01, 1))
def test_linear_power_is_exact_wherever_it_is_cut(
    base: float, slope: float, start: float, length: float
) -> None:
    times = np.array([0, 0.3, 1, 1.9, 2.8, 4, 5, 6.1, 7, 8, 9.1, 10])
    of = one(POWER, times, base + slope * times)
    a, b = ns(start) / 1e9, ns(start + length) / 1e9
    expected = base * (b - a) + slope * (b**2 - a**2) / 2
    assert energy(of, (start, start + length)).value_j == pytest.approx(expected, rel=1e-9)


@given(st.integers(2, 30), st.floats(1.0, 20.0))
def test_a_power_gap_gives_no_energy_and_exactly_its_share_of_coverage(
    at: int, length: float
) -> None:
    times = np.arange(60) * 0.5
    times[at:] += length
    of = one(POWER, times, np.full(60, 40.0))
    seen = energy(of, (0, float(times[-1])))
    gap = times[at] - times[at - 1]
    if gap > 1.5 + 1e-9:
        assert seen.value_j == pytest.approx(40 * (times[-1] - gap))
        assert seen.coverage == pytest.approx(1 - gap / times[-1])
    else:
        assert (seen.value_j, seen.coverage) == (pytest.approx(40 * times[-1]), 1.0)
    assert not seen.bridged


def test_a_power_that_did_not_answer_is_a_gap_however_short() -> None:
    values = np.full(21, 10.0)
    values[10] = math.nan
    seen = energy(one(POWER, np.arange(21) / 10, values), (0, 2))
    assert (seen.value_j, seen.coverage) == (pytest.approx(18.0), pytest.approx(0.9))


def test_a_counter_bridges_its_own_gap_and_coverage_still_shows_it() -> None:
    values = np.arange(101) * 5.0
    values[40:60] = math.nan
    seen = energy(one(COUNTER, np.arange(101) / 10, values), (0, 10))
    assert seen.value_j == pytest.approx(500)
    assert seen.coverage == pytest.approx(1 - 2.1 / 10)
    assert seen.bridged


def test_a_late_counter_sample_without_any_refusal_is_bridged_too() -> None:
    times = np.concatenate((np.arange(10), np.arange(20, 30)))
    seen = energy(one(COUNTER, times, times * 7.0), (0, 29))
    assert (seen.value_j, seen.bridged) == (pytest.approx(203), True)
    assert seen.coverage == pytest.approx(18 / 29)


@pytest.mark.parametrize(("power_max_w", "bridged"), [(90.0, True), (110.0, False)])
def test_a_gap_is_bridged_only_where_it_is_shorter_than_one_wrap(
    power_max_w: float, bridged: bool
) -> None:
    what = channel("counter", wrap_j=1000.0, power_max_w=power_max_w)
    times = np.concatenate((np.arange(10), np.arange(19, 30)))
    seen = energy(one(what, times, times * 7.0), (0, 29))
    assert seen.bridged is bridged
    assert seen.value_j == pytest.approx(203 if bridged else 203 - 70)


@pytest.mark.parametrize(("gap_s", "bridged"), [(130, True), (132, False)])
def test_without_a_stated_maximum_two_kilowatts_are_assumed(gap_s: int, bridged: bool) -> None:
    what = channel("counter", wrap_j=262143.32885)
    times = np.concatenate((np.arange(10), np.arange(9 + gap_s, 30 + gap_s)))
    assert energy(one(what, times, times * 7.0), (0, 29 + gap_s)).bridged is bridged


def test_a_counter_that_never_wraps_bridges_a_gap_of_hours() -> None:
    times = np.concatenate((np.arange(10), np.arange(20000, 20010)))
    assert energy(one(COUNTER, times, times * 7.0), (0, 20009)).value_j == pytest.approx(140063)


def test_a_restarted_counter_is_not_bridged() -> None:
    values = [0, 5, 10, math.inf, 900, 905, 910]
    seen = energy(one(COUNTER, np.arange(7), values), (0, 6))
    assert (seen.value_j, seen.bridged) == (pytest.approx(20), False)
    assert seen.coverage == pytest.approx(4 / 6)


def test_a_counter_that_falls_is_taken_for_restarted() -> None:
    seen = energy(one(COUNTER, np.arange(6), [0, 5, 10, 2, 7, 12]), (0, 5))
    assert (seen.value_j, seen.coverage) == (pytest.approx(20), pytest.approx(0.8))


def test_a_restart_is_kept_even_where_a_reading_has_the_same_time() -> None:
    seen = energy(one(COUNTER, [0, 1, 2, 2, 3, 4], [0, 5, 10, math.inf, 90, 95]), (0, 4))
    assert seen.value_j == pytest.approx(10)


def test_before_the_first_and_after_the_last_sample_nothing_is_covered() -> None:
    seen = energy(one(COUNTER, np.arange(5) + 2.0, np.arange(5) * 3.0), (0, 10))
    assert (seen.value_j, seen.coverage) == (pytest.approx(12), pytest.approx(0.4))


def test_a_slow_update_period_widens_what_counts_as_seen() -> None:
    times = np.concatenate((np.arange(10), np.arange(15, 30)))
    slow = channel("power", update_period_s=2.0)
    assert energy(one(slow, times, np.full(25, 1.0)), (0, 29)).coverage == 1.0
    assert energy(one(POWER, times, np.full(25, 1.0)), (0, 29)).coverage < 1.0


def test_readings_at_many_phase_edges_do_not_make_the_timer_look_late() -> None:
    timer, edges = np.arange(0, 10, 0.1), np.arange(1, 9, 0.01)
    times = np.unique(np.concatenate((timer, edges)))
    phases = [("fit/epoch", float(a), float(a) + 0.01) for a in edges[:-1]]
    of = trace({"m.a": (POWER, times, np.full(len(times), 3.0))}, phases)
    assert channel_energy(of, "m.a", [(0, ns(9.9))]).coverage == pytest.approx(1.0)


def test_a_channel_that_never_answered_saw_nothing() -> None:
    for of in (one(POWER, [], []), one(POWER, [1, 2], [math.nan, math.nan]), one(POWER, [1], [5])):
        seen = energy(of, (0, 2))
        assert (seen.value_j, seen.coverage, seen.u_j) == (0.0, 0.0, 0.0)


def test_no_time_is_no_coverage() -> None:
    assert energy(one(POWER, [0, 1], [5, 5])).coverage == 0.0


def test_cumulative_energy_is_flat_outside_the_samples() -> None:
    of = one(POWER, [1, 2, 3], [10, 10, 20])
    times = [0, ns(1), ns(1.5), ns(3), ns(9)]
    assert curves_of(of)["m.a"].energy_at(np.array(times)).tolist() == pytest.approx(
        [0, 0, 5, 25, 25]
    )


def test_an_unknown_channel_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        channel_energy(one(POWER, [0], [0]), "m.b", [(0, 1)])
