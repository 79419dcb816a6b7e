"""Jetson rails from sysfs, under both drivers."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from contracts.meter import MeterContract
from support.fake_ina3221 import AGX_ORIN, NANO, FakeIna3221

from joulelab.errors import MeterUnavailable
from joulelab.meters.energy.integration import channel_energy
from joulelab.meters.ina3221 import Ina3221
from joulelab.meters.tracing import trace
from joulelab.meters.tracing.recorder import Recorder

NANO_MONITOR = "bus/i2c/drivers/ina3221x/6-0040/iio:device0"
ORIN_MONITOR = "bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon2"


DENIED = """
import os, sys
from joulelab.errors import MeterDenied
from joulelab.meters.ina3221 import Ina3221
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    Ina3221(sys.argv[1]).start()
except MeterDenied as error:
    print(error)
"""


def read(root):
    meter = Ina3221(str(root))
    meter.start()
    values = {sample.channel: sample.value for sample in meter.read()}
    meter.stop()
    return values


class TestIna3221(MeterContract):
    @pytest.fixture(params=["hwmon", "iio"])
    def meter(self, request, tmp_path):
        with FakeIna3221(tmp_path, NANO, request.param):
            yield Ina3221(str(tmp_path))


@pytest.mark.parametrize("variant", ["hwmon", "iio"])
def test_rails_show_their_power(tmp_path, variant):
    FakeIna3221(tmp_path, NANO, variant)
    assert read(tmp_path) == pytest.approx(NANO)


def test_unconnected_inputs_and_sums_of_shunts_are_not_read(tmp_path):
    FakeIna3221(tmp_path, AGX_ORIN)
    assert set(read(tmp_path)) == set(AGX_ORIN) - {"NC"}


def test_disabled_input_is_not_read(tmp_path):
    FakeIna3221(tmp_path, AGX_ORIN)
    (tmp_path / ORIN_MONITOR / "in2_enable").write_text("0\n")
    assert "VDD_CPU_CV" not in read(tmp_path)


def test_rail_that_two_drivers_show_is_read_once(tmp_path):
    FakeIna3221(tmp_path, NANO)
    FakeIna3221(tmp_path, {**NANO, "POM_5V_IN": 9.0}, "iio")
    assert list(read(tmp_path)) == list(NANO)


def test_old_driver_without_power_is_read_as_voltage_times_current(tmp_path):
    FakeIna3221(tmp_path, NANO, "iio")
    (tmp_path / NANO_MONITOR / "in_power0_input").unlink()
    (tmp_path / NANO_MONITOR / "in_current0_input").write_text("840\n")
    assert read(tmp_path)["POM_5V_IN"] == pytest.approx(4.2)


def test_declares_what_contains_what_and_how_well_it_is_known(tmp_path):
    FakeIna3221(tmp_path, NANO)
    meter = Ina3221(str(tmp_path), accuracy_absolute_w=0.2, accuracy_relative=0.01)
    meter.start()
    meter.stop()
    total, gpu, _ = meter.channels
    assert (total.scope, total.inside, gpu.scope, gpu.inside) == ("board", None, "gpu", "POM_5V_IN")
    assert (total.accuracy_absolute_w, total.accuracy_relative) == (0.2, 0.01)
    assert total.update_period_s == 0.001


def test_machine_without_monitors(tmp_path):
    with pytest.raises(MeterUnavailable, match=r"no INA3221 .*Jetson"):
        Ina3221(str(tmp_path)).start()


def test_missing_right_names_the_command():
    """Root may read everything: it becomes nobody first, in a folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        FakeIna3221(root, NANO)
        (root / ORIN_MONITOR / "curr1_input").chmod(0)
        done = subprocess.run([sys.executable, "-c", DENIED, name], capture_output=True, text=True)
    files = f"{name}/bus/i2c/drivers/ina3221/*/hwmon/hwmon*/*_input"
    assert (
        f"curr1_input: this user may not read the rails; `sudo chmod a+r {files}`" in done.stdout
    ), done.stderr


def test_unreadable_rail_is_a_gap_of_its_own_and_comes_back(tmp_path):
    FakeIna3221(tmp_path, NANO)
    meter = Ina3221(str(tmp_path))
    meter.start()
    path = tmp_path / ORIN_MONITOR / "curr1_input"
    path.write_text("")
    first = {sample.channel: sample.value for sample in meter.read()}
    path.write_text("1000\n")
    second = {sample.channel: sample.value for sample in meter.read()}
    meter.stop()
    assert math.isnan(first["POM_5V_IN"])
    assert first["POM_5V_CPU"] == pytest.approx(2.0)
    assert second["POM_5V_IN"] == pytest.approx(5.0)


def test_driver_that_is_bound_again_is_found_again(tmp_path):
    FakeIna3221(tmp_path, NANO, "iio")
    meter = Ina3221(str(tmp_path))
    meter.start()
    path = tmp_path / NANO_MONITOR / "in_power0_input"
    path.write_text("")
    path.rename(path.with_name("gone"))
    assert math.isnan(meter.read()[0].value)
    assert math.isnan(meter.read()[0].value)
    path.write_text("7000\n")
    assert meter.read()[0].value == pytest.approx(7.0)
    meter.stop()


def test_energy_of_a_moving_load(tmp_path):
    """A ramp of 4 W/s, integrated."""
    with FakeIna3221(tmp_path / "sys", {"VDD_IN": lambda s: 5.0 + 4.0 * s}) as fake:
        recorder = Recorder({"rails": Ina3221(str(tmp_path / "sys"))}, tmp_path / "run", 0.02)
        recorder.start()
        time.sleep(0.1)
        with recorder.phase("fit"):
            time.sleep(0.8)
        time.sleep(0.1)
        recorder.stop()
    recorded = trace.read_stream(tmp_path / "run")
    (fit,) = recorded.phases
    start_s, stop_s = ((at - fake.start_ns) / 1e9 for at in (fit.start_ns, fit.stop_ns))
    true_j = 5.0 * (stop_s - start_s) + 2.0 * (stop_s**2 - start_s**2)
    energy = channel_energy(recorded, "rails.VDD_IN", [(fit.start_ns, fit.stop_ns)])
    assert energy.value_j == pytest.approx(true_j, rel=0.01)
    assert energy.coverage == pytest.approx(1.0)
