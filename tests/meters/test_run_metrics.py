from __future__ import annotations

import math

import numpy as np
import pytest
from energy_traces import RUN, TIMES, channel, load_w, machine, trace

from joulelab.meters.energy.ledger import metrics, settle

ENERGY = ("energy_j", "energy_dynamic_j")


def test_each_energy_key_brings_both_parts_of_its_uncertainty() -> None:
    found = metrics(machine(), settle(machine()))
    energies = [key for key in found if key.startswith(ENERGY) and "_u_" not in key]
    assert {"energy_j", "energy_dynamic_j", "energy_j/run", "energy_j/fit/epoch"} <= set(energies)
    assert "energy_j/fit/epoch/rapl.dram" in energies
    for key in energies:
        assert found[f"{key}_u_independent"] >= 0
        assert found[f"{key}_u_shared"] >= 0


def test_the_keys_are_those_of_the_store_and_no_others() -> None:
    found = metrics(machine(), settle(machine()))
    phases = {name for name, _, _ in RUN} | {"other", "run"}
    channels = {"rapl.package-0", "rapl.dram", "estimate.cpu"}
    energies = {"energy_j", "energy_dynamic_j"}
    energies |= {f"energy_j/{phase}" for phase in phases}
    energies |= {f"energy_j/{phase}/{each}" for phase in phases for each in channels}
    expected = energies | {f"{key}_u_independent" for key in energies}
    expected |= {f"{key}_u_shared" for key in energies}
    expected |= {f"coverage/{each}" for each in channels}
    expected |= {"power_w/mean", "power_w/peak", "power_w/idle", "duration_s"}
    assert set(found) == expected | {f"duration_s/{phase}" for phase in phases}


def test_a_meter_that_saw_nothing_is_a_missing_key_and_coverage_zero() -> None:
    dead = machine(
        **{"nvml.gpu": (channel("counter", "gpu"), TIMES, np.full_like(TIMES, math.nan))}
    )
    found = metrics(dead, settle(dead))
    assert not [key for key in found if key.startswith("energy_j") and "nvml" in key]
    assert found["coverage/nvml.gpu"] == 0.0


def test_a_gap_shows_in_coverage_over_the_work() -> None:
    values = load_w(TIMES)
    values[(TIMES > 6) & (TIMES < 8)] = math.nan
    holed = machine(**{"estimate.cpu": (channel(provenance="estimated"), TIMES, values)})
    found = metrics(holed, settle(holed))
    assert found["coverage/estimate.cpu"] == pytest.approx(1 - 2 / 12.5)
    assert found["coverage/rapl.dram"] == pytest.approx(1.0)


def test_auxiliary_channels_never_enter_an_energy() -> None:
    memory = channel("auxiliary", "node", name="resident_bytes", unit="B")
    of = machine(**{"host.resident_bytes": (memory, TIMES, 1e6 + load_w(TIMES))})
    ledger = settle(of)
    found = metrics(of, ledger)
    assert all("host.resident_bytes" not in energies for energies in ledger.phases.values())
    assert [key for key in found if "resident" in key] == []
    assert found["memory_bytes/peak"] == 1e6 + 100


def test_memory_is_that_of_the_work() -> None:
    memory = channel("auxiliary", "node", name="resident_bytes", unit="B")
    values = np.where(TIMES < 4, 9e9, 1e6)
    of = machine(**{"host.resident_bytes": (memory, TIMES, values)})
    assert metrics(of, settle(of))["memory_bytes/peak"] == 1e6


def test_mean_peak_and_duration_are_those_of_the_work() -> None:
    watts = load_w(TIMES)
    watts[(TIMES >= 7) & (TIMES <= 9)] = 300
    watts[(TIMES >= 1) & (TIMES <= 3)] = 900
    of = trace({"m.a": (channel(), TIMES, watts)}, RUN)
    found = metrics(of, settle(of))
    assert found["power_w/peak"] == pytest.approx(300)
    assert found["duration_s"] == pytest.approx(12.5)
    assert found["power_w/mean"] == pytest.approx(found["energy_j"] / 12.5)


def test_one_noisy_sample_is_not_the_peak() -> None:
    watts = np.full(len(TIMES), 100.0)
    watts[80] = 1100
    of = trace({"m.a": (channel(), TIMES, watts)}, RUN)
    assert metrics(of, settle(of))["power_w/peak"] == pytest.approx(200)


def test_work_shorter_than_a_second_has_no_peak() -> None:
    of = trace({"m.a": (channel(), TIMES, load_w(TIMES))}, [("fit", 5, 5.5)])
    found = metrics(of, settle(of))
    assert "power_w/peak" not in found
    assert found["power_w/mean"] == pytest.approx(100)
