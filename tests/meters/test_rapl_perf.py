"""RAPL through perf events, on a PMU folder and counts that lie in files."""

from __future__ import annotations

import errno
import math

import pytest
from contracts.meter import MeterContract
from support.fake_pmu import FakePmu
from support.fake_powercap import FakePowercap, FakeZone

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.rapl import Rapl
from joulelab.meters.rapl_perf import PMU, KernelCount, discover


def meter_on(pmu: FakePmu, via="perf", **options) -> Rapl:
    return Rapl(via=via, pmu=str(pmu.pmu), cpus=str(pmu.cpus), open_count=pmu.open_count, **options)


class TestRaplOverPerf(MeterContract):
    @pytest.fixture
    def meter(self, tmp_path):
        return meter_on(FakePmu(tmp_path, ("energy-pkg", "energy-cores", "energy-ram")))


def test_counts_become_joules_since_the_opening(tmp_path):
    pmu = FakePmu(tmp_path)
    meter = meter_on(pmu)
    meter.start()
    pmu.set_j("energy-pkg", 0, 123.5)
    pmu.set_j("energy-ram", 0, 300_000.0)
    assert {s.channel: s.value for s in meter.read()} == {"package-0": 123.5, "dram-0": 300_000.0}
    meter.stop()


def test_each_package_has_its_counters_and_psys_is_one(tmp_path):
    events = ("energy-pkg", "energy-cores", "energy-gpu", "energy-psys")
    pmu = FakePmu(tmp_path, events, packages={0: 0, 18: 1})
    _, found = discover(0.05, pmu.pmu, pmu.cpus)
    about = {e.channel.name: (e.channel.scope, e.channel.inside, e.cpu) for e in found}
    assert about == {
        "package-0": ("cpu", None, 0),
        "package-1": ("cpu", None, 18),
        "core-0": ("cpu", "package-0", 0),
        "core-1": ("cpu", "package-1", 18),
        "uncore-0": ("cpu", "package-0", 0),
        "uncore-1": ("cpu", "package-1", 18),
        "psys": ("node", None, 0),
    }


def test_cpumask_may_be_a_range(tmp_path):
    pmu = FakePmu(tmp_path, packages={0: 0, 1: 1})
    (pmu.pmu / "cpumask").write_text("0-1\n")
    _, found = discover(0.05, pmu.pmu, pmu.cpus)
    assert len(found) == 4


def test_dies_that_may_mirror_each_other_are_refused(tmp_path):
    pmu = FakePmu(tmp_path, packages={0: 0, 8: 0})
    with pytest.raises(MeterUnavailable, match=r"several dies.*via=powercap"):
        meter_on(pmu).start()


def test_refused_opening_names_the_sysctl(tmp_path):
    pmu = FakePmu(tmp_path)
    pmu.refusal = errno.EACCES
    with pytest.raises(MeterDenied, match="perf_event_paranoid"):
        meter_on(pmu).start()


def test_unknown_event_is_told(tmp_path):
    pmu = FakePmu(tmp_path)
    pmu.refusal = errno.EINVAL
    with pytest.raises(MeterUnavailable, match="Invalid argument"):
        meter_on(pmu).start()


def test_failed_reading_is_a_gap_with_its_reason(tmp_path):
    pmu = FakePmu(tmp_path)
    meter = meter_on(pmu)
    meter.start()
    pmu.refusal, pmu.refuses_reading = errno.EIO, True
    assert all(math.isnan(sample.value) for sample in meter.read())
    assert "package-0" in meter.trouble
    meter.stop()


def test_missing_powercap_is_replaced_by_perf(tmp_path):
    pmu = FakePmu(tmp_path)
    meter = meter_on(pmu, via="auto", root=str(tmp_path / "nothing"))
    meter.start()
    assert [channel.name for channel in meter.channels] == ["package-0", "dram-0"]
    assert "through perf" in meter.note
    meter.stop()


def test_powercap_comes_first(tmp_path):
    FakePowercap(tmp_path / "powercap", [FakeZone("package-0", 50.0)])
    meter = meter_on(FakePmu(tmp_path), via="auto", root=str(tmp_path / "powercap"))
    meter.start()
    assert meter.note == "package-0"
    meter.stop()


def test_powercap_alone_is_not_replaced(tmp_path):
    with pytest.raises(MeterUnavailable, match="intel_rapl_msr"):
        meter_on(FakePmu(tmp_path), via="powercap", root=str(tmp_path / "nothing")).start()


def test_machine_with_neither_is_told_about_powercap(tmp_path):
    meter = Rapl(str(tmp_path), pmu=str(tmp_path / "power"))
    with pytest.raises(MeterUnavailable, match="intel_rapl_msr"):
        meter.start()


def test_zones_are_chosen_by_the_same_names(tmp_path):
    pmu = FakePmu(tmp_path)
    meter = meter_on(pmu, zones=["dram-0"])
    meter.start()
    assert [sample.channel for sample in meter.read()] == ["dram-0"]
    meter.stop()
    with pytest.raises(ConfigError, match="this machine has package-0, dram-0"):
        meter_on(pmu, zones=["psys"]).start()


def test_unknown_way_is_refused():
    with pytest.raises(ConfigError, match="powercap, perf"):
        Rapl(via="msr")


def test_the_kernel_refuses_a_pmu_that_is_not_there():
    """The real system call: PMU types are small numbers."""
    with pytest.raises(OSError, match=r"\w"):
        KernelCount(1_000_000, 2, 0)


def test_the_kernel_counts_what_it_always_can():
    """The software PMU's CPU clock (type 1, event 0): the same call and the same 8 bytes."""
    try:
        count = KernelCount(1, 0, 0)
    except OSError as error:
        pytest.skip(f"perf events are closed here: {error}")
    first = count.read()
    assert count.read() > first
    count.close()


def test_default_pmu_is_the_machines_own():
    assert PMU.startswith("/sys/bus/event_source/")
