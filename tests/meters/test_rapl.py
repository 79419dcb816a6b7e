"""RAPL on live powercap trees: what is counted, and what a counter's faults do to it."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support.fake_powercap import FakePowercap, FakeZone, amd, epyc

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.rapl import Counter, Rapl
from joulelab.meters.rapl_zones import Zone

PACKAGE = FakeZone("package-0", 100.0)


def counter(tmp_path, start_uj=0, range_uj=10_000_000, power_max_w=100.0):
    """A counter file that the test writes itself, and what reads it."""
    path = tmp_path / "zone"
    path.mkdir()
    (path / "energy_uj").write_text(f"{start_uj}\n")
    return path / "energy_uj", Counter(Zone("package-0", path, "cpu", None, range_uj, power_max_w))


def test_measures_the_power_of_a_running_counter(tmp_path):
    with FakePowercap(tmp_path, [PACKAGE]) as tree:
        meter = Rapl(str(tree.root))
        meter.start()
        (first,) = meter.read()
        time.sleep(0.5)
        (last,) = meter.read()
        meter.stop()
    used_j = tree.energy_j("package-0", first.time_ns, last.time_ns)
    assert last.value - first.value == pytest.approx(used_j, rel=0.1)


def test_wrap_is_undone(tmp_path):
    path, zone = counter(tmp_path, start_uj=9_999_000)
    zone.read()
    time.sleep(0.02)
    path.write_text("1000\n")
    assert zone.read().value == pytest.approx(0.002)


def test_wrap_on_a_running_counter_leaves_no_trace(tmp_path):
    zone = FakeZone("package-0", 100.0, start_uj=262_143_328_850 - 10_000_000)
    with FakePowercap(tmp_path, [zone]) as tree:
        meter = Rapl(str(tree.root))
        meter.start()
        (first,) = meter.read()
        time.sleep(0.4)
        (last,) = meter.read()
        meter.stop()
    used_j = tree.energy_j("package-0", first.time_ns, last.time_ns)
    assert int(tree.energy_path("package-0").read_text()) < 100_000_000
    assert last.value - first.value == pytest.approx(used_j, rel=0.1)


def test_gap_is_bridged_by_the_counter(tmp_path):
    path, zone = counter(tmp_path)
    zone.read()
    path.write_text("")
    assert math.isnan(zone.read().value)
    time.sleep(0.02)
    path.write_text("1000000\n")
    assert zone.read().value == pytest.approx(1.0)


def test_gap_longer_than_a_wrap_is_a_restart(tmp_path):
    """10 mJ at 100 W: the counter may turn over every 0.1 ms."""
    path, zone = counter(tmp_path, range_uj=10_000)
    zone.read()
    time.sleep(0.01)
    path.write_text("5000\n")
    assert math.isinf(zone.read().value)


def test_implausible_jump_is_a_restart_and_counting_goes_on(tmp_path):
    path, zone = counter(tmp_path, start_uj=9_000_000)
    zone.read()
    path.write_text("5000000\n")
    assert math.isinf(zone.read().value)
    time.sleep(0.02)
    path.write_text("5500000\n")
    assert zone.read().value == pytest.approx(0.5)


def test_counter_that_falls_with_unknown_range_is_a_restart(tmp_path):
    path, zone = counter(tmp_path, start_uj=9_000_000, range_uj=None)
    zone.read()
    path.write_text("8000000\n")
    assert math.isinf(zone.read().value)


def test_counter_that_comes_back_as_a_new_file_is_found(tmp_path):
    path, zone = counter(tmp_path)
    zone.read()
    path.write_text("")
    zone.read()
    path.unlink()
    assert math.isnan(zone.read().value)
    time.sleep(0.02)
    path.write_text("1000000\n")
    zone.read()
    assert zone.read().value == pytest.approx(1.0)


def test_amd_has_packages_and_cores_only(tmp_path):
    with FakePowercap(tmp_path, amd(watts=100.0, core_watts=60.0)) as tree:
        meter = Rapl(str(tree.root))
        meter.start()
        assert [(c.name, c.scope, c.inside) for c in meter.channels] == [
            ("package-0", "cpu", None),
            ("core-0", "cpu", "package-0"),
        ]
        meter.stop()


def test_mirroring_dies_are_one_package_on_a_running_counter(tmp_path):
    with FakePowercap(tmp_path, epyc(watts=200.0, dies=4)) as tree:
        meter = Rapl(str(tree.root))
        meter.start()
        assert [channel.name for channel in meter.channels] == ["package-0-die-0"]
        assert "package-0-die-3 mirrors package-0-die-0" in meter.note
        meter.stop()


def test_counter_that_may_no_longer_be_read_is_a_gap_with_its_reason(tmp_path):
    with FakePowercap(tmp_path, [PACKAGE], denied_from_s=0.1) as tree:
        meter = Rapl(str(tree.root))
        meter.start()
        time.sleep(0.2)
        (sample,) = meter.read()
        assert math.isnan(sample.value)
        meter.stop()
    assert "energy_uj" in meter.trouble


def test_power_may_follow_time(tmp_path):
    zone = FakeZone("package-0", lambda seconds: 1000.0 * seconds)
    with FakePowercap(tmp_path, [zone]) as tree:
        meter = Rapl(str(tree.root))
        meter.start()
        (first,) = meter.read()
        time.sleep(0.4)
        (last,) = meter.read()
        meter.stop()
    shown_j = tree.shown_j("package-0", first.time_ns, last.time_ns)
    assert last.value - first.value == pytest.approx(shown_j, abs=0.5)
    assert shown_j > 50


def test_channel_declares_what_a_gap_may_hide(tmp_path):
    FakePowercap(tmp_path, [FakeZone("package-0", 50.0, range_uj=65_000_000, power_max_w=130.0)])
    meter = Rapl(str(tmp_path))
    meter.start()
    (channel,) = meter.channels
    meter.stop()
    assert (channel.wrap_j, channel.power_max_w) == (65.0, 130.0)


def test_chosen_part_stands_for_itself_without_its_package(tmp_path):
    FakePowercap(tmp_path, [PACKAGE, FakeZone("core", 30.0, parent="package-0")])
    meter = Rapl(str(tmp_path), zones=["core-0"])
    meter.start()
    assert [(channel.name, channel.inside) for channel in meter.channels] == [("core-0", None)]
    meter.stop()


def test_unknown_zone_names_those_there_are(tmp_path):
    FakePowercap(tmp_path, [PACKAGE])
    with pytest.raises(ConfigError, match="this machine has package-0"):
        Rapl(str(tmp_path), zones=["dram-0"]).start()


def test_machine_without_powercap_is_told(tmp_path):
    with pytest.raises(MeterUnavailable, match="modprobe"):
        Rapl(str(tmp_path)).start()


DENIED = """
import os, sys
from joulelab.errors import MeterDenied
from joulelab.meters.rapl import Rapl
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    Rapl(sys.argv[1]).start()
except MeterDenied as error:
    print(error)
"""


def test_missing_permission_is_told_with_its_cure():
    """Root may read everything: it becomes nobody first, in a folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        FakePowercap(root / "powercap", [PACKAGE]).energy_path("package-0").chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", DENIED, str(root / "powercap")], capture_output=True, text=True
        )
    assert "usermod -aG rapl" in done.stdout, done.stderr
    assert "70-rapl.rules" in done.stdout
