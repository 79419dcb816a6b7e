from __future__ import annotations

import math

import numpy as np
import pytest
from energy_traces import RUN, TIMES, channel, counted, load_w, machine, ns, trace
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.energy.ledger import curve_energy_j, metrics, phase_energy_j, settle


def test_the_run_is_the_sum_of_its_top_level_phases_and_other() -> None:
    found = metrics(machine(), settle(machine()))
    tops = ("idle", "warmup", "fit", "evaluate", "idle_after", "other")
    for suffix in ("", "/rapl.package-0", "/rapl.dram", "/estimate.cpu"):
        total = math.fsum(found[f"energy_j/{top}{suffix}"] for top in tops)
        assert total == pytest.approx(found[f"energy_j/run{suffix}"], rel=1e-9)
    total = math.fsum(found[f"duration_s/{top}"] for top in tops)
    assert total == pytest.approx(found["duration_s/run"], rel=1e-9)


@given(
    st.lists(st.floats(0.01, 500), min_size=221, max_size=221),
    st.lists(st.integers(0, 22_000), min_size=10, max_size=10, unique=True),
    st.sampled_from(["counter", "power"]),
    st.sets(st.integers(0, 220)),
)
def test_phases_add_up_whatever_was_measured_and_missed(
    amounts: list[float], edges_ms: list[int], kind: str, missed: set[int]
) -> None:
    values = np.cumsum(amounts) if kind == "counter" else np.array(amounts)
    values[list(missed)] = math.nan
    edges = [edge / 1000 for edge in sorted(edges_ms)]
    names = ("idle", "warmup", "fit", "evaluate", "idle_after")
    phases = list(zip(names, edges[::2], edges[1::2], strict=True))
    ledger = settle(trace({"m.a": (channel(kind), TIMES, values)}, phases))
    parts = [ledger.phases[name]["m.a"].value_j for name in (*names, "other")]
    whole = ledger.phases["run"]["m.a"].value_j
    assert math.fsum(parts) == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_energy_is_fit_and_evaluate_of_the_measured_channels() -> None:
    ledger = settle(machine())
    assert ledger.headline_channels == ("rapl.package-0", "rapl.dram")
    assert ledger.work is not None
    assert ledger.work.value_j == pytest.approx(12.5 * 106)
    assert ledger.work.duration_s == pytest.approx(12.5)


def test_a_phase_visited_twice_is_the_sum_of_its_visits() -> None:
    ledger = settle(machine())
    assert ledger.headline["fit/epoch"].value_j == pytest.approx(9 * 106)
    assert ledger.headline["fit/epoch"].duration_s == pytest.approx(9)


def test_dynamic_energy_is_work_less_rest_in_the_same_time() -> None:
    ledger = settle(machine())
    assert ledger.dynamic is not None
    assert ledger.dynamic.value_j == pytest.approx(12.5 * (106 - 22))
    assert ledger.idle_w == pytest.approx(22)


def test_an_offset_cancels_in_dynamic_energy_and_a_gain_does_not() -> None:
    ledger = settle(machine())
    assert ledger.work is not None
    assert ledger.dynamic is not None
    gain = 0.02 / math.sqrt(3)
    assert ledger.dynamic.u_shared_j == pytest.approx(gain * 12.5 * 80)
    assert ledger.work.u_shared_j == pytest.approx(gain * 12.5 * 100 + 0.5 * 12.5 / math.sqrt(3))


def test_rest_that_drifted_makes_dynamic_energy_less_certain() -> None:
    drifting = machine(
        **{"rapl.package-0": (channel("counter", "cpu"), TIMES, counted(20, 100, after=32))}
    )
    ledger = settle(drifting)
    assert ledger.idle_w == pytest.approx(28)
    assert ledger.dynamic is not None
    assert ledger.dynamic.u_independent_j == pytest.approx(6 / math.sqrt(3) * 12.5, rel=0.05)


def test_without_rest_there_is_no_dynamic_energy() -> None:
    busy = trace({"m.a": (channel(), TIMES, load_w(TIMES))}, RUN[2:6])
    ledger = settle(busy)
    assert (ledger.dynamic, ledger.idle_w, ledger.u_idle_w) == (None, None, None)
    found = metrics(busy, ledger)
    assert "energy_dynamic_j" not in found
    assert "power_w/idle" not in found
    assert "energy_j/idle" not in found


def test_rest_before_alone_suffices() -> None:
    ledger = settle(trace({"m.a": (channel("counter"), TIMES, counted(20, 100))}, RUN[:-1]))
    assert ledger.idle_w == pytest.approx(20)


def test_the_curve_counts_from_the_start_of_fit() -> None:
    of = machine()
    joules = curve_energy_j(of, settle(of), [ns(5), ns(6.25), ns(15)])
    assert joules.tolist() == pytest.approx([0, 1.25 * 106, 1060])


def test_a_phase_is_weighed_up_to_each_time() -> None:
    of = machine()
    visits = [phase for phase in of.phases if phase.name == "fit/epoch"]
    inside = visits[1].start_ns + 500_000_000
    times = [visits[0].start_ns, visits[0].stop_ns, inside, ns(22)]
    joules = phase_energy_j(of, settle(of), "fit/epoch", times)
    first_s = visits[0].duration_s
    assert joules.tolist() == pytest.approx([0, first_s * 106, (first_s + 0.5) * 106, 9 * 106])
    assert np.isnan(phase_energy_j(of, settle(of), "fit/none", times)).all()


def test_the_curve_is_unknown_where_nothing_weighed_it() -> None:
    of = trace({}, RUN)
    assert np.isnan(curve_energy_j(of, settle(of), [ns(5), ns(6)])).all()


def test_a_run_without_meters_still_has_its_durations() -> None:
    of = trace({}, RUN)
    ledger = settle(of)
    assert (ledger.work, ledger.headline_channels, dict(ledger.headline)) == (None, (), {})
    found = metrics(of, ledger)
    assert found["duration_s"] == pytest.approx(12.5)
    assert not [key for key in found if not key.startswith("duration_s")]


def test_a_run_that_ended_before_its_work_keeps_what_was_weighed() -> None:
    of = trace({"m.a": (channel("counter"), TIMES, counted(20, 100))}, RUN[:2])
    found = metrics(of, settle(of))
    assert found["energy_j/warmup"] == pytest.approx(150)
    assert "energy_j" not in found
    assert "duration_s" not in found


def test_samples_without_phases_are_a_run_all_the_same() -> None:
    of = trace({"m.a": (channel("counter"), TIMES, counted(20, 100))})
    assert metrics(of, settle(of))["energy_j/run"] == pytest.approx(counted(20, 100)[-1])


def test_an_empty_trace_has_no_figures() -> None:
    assert metrics(trace({}), settle(trace({}))) == {}


def test_a_counter_that_slept_through_a_phase_still_knows_its_energy() -> None:
    values = counted(20, 100)
    values[(TIMES > 4.95) & (TIMES < 15.2)] = math.nan
    of = trace({"m.a": (channel("counter", "cpu"), TIMES, values)}, RUN)
    ledger = settle(of)
    assert ledger.headline["fit"].value_j == pytest.approx(1000)
    assert (ledger.headline["fit"].coverage, ledger.headline["fit"].bridged) == (0.0, True)
    assert metrics(of, ledger)["energy_j/fit"] == pytest.approx(1000)


def test_the_counter_of_a_plug_corrects_its_power_in_phases_and_curve_alike() -> None:
    times = np.arange(0, 700.0)
    power = channel("power", "wall", "power", accuracy_absolute_w=3.0, accuracy_relative=0.01)
    counter = channel("counter", "wall", "energy", inside="power", resolution=3.6)
    plug = {
        "plug.power": (power, times, np.full(700, 52.0)),
        "plug.energy": (counter, times, np.floor(50 * times / 3.6) * 3.6),
    }
    recorded = trace(plug, [("idle", 0, 20), ("fit", 20, 620), ("evaluate", 620, 680)])
    settled = settle(recorded)
    assert settled.headline_channels == ("plug.power",)
    fit_j = settled.headline["fit"].value_j
    assert fit_j == pytest.approx(50 * 600, rel=0.001)
    assert curve_energy_j(recorded, settled, [ns(620)])[0] == pytest.approx(fit_j, rel=1e-9)
    assert metrics(recorded, settled)["energy_j"] == pytest.approx(50 * 660, rel=0.001)
