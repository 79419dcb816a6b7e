"""Tasmota plugs on loopback."""

from __future__ import annotations

import math
import time

import pytest
from contracts.meter import MeterContract
from support.fake_shelly import FakeShelly2
from support.fake_tasmota import FakeTasmota

from joulelab.errors import MeterDenied, MeterUnavailable
from joulelab.meters.tasmota import Tasmota


@pytest.fixture
def plug():
    with FakeTasmota(lambda _: 42.5, lambda s: 50_000 * s) as running:
        yield running


class TestTasmota(MeterContract):
    @pytest.fixture(params=[10, 8], ids=["Status 10", "Status 8"])
    def meter(self, request):
        with FakeTasmota(sensors=request.param) as plug:
            yield Tasmota(plug.host)


def values(samples):
    return {sample.channel: sample.value for sample in samples}


def test_power_is_watts_and_the_counter_joules_since_the_start(plug):
    meter = Tasmota(plug.host)
    meter.start()
    first = meter.read()
    time.sleep(0.2)
    last = meter.read()
    meter.stop()
    assert values(last)["power"] == 42.5
    used_j = 50_000 * (last[1].time_ns - first[1].time_ns) / 1e9
    gained_j = values(last)["energy"] - values(first)["energy"]
    assert gained_j == pytest.approx(used_j, abs=2 * 36 + 2500)


def test_counter_declares_its_coarse_step(plug):
    power, energy = Tasmota(plug.host).channels or Tasmota(plug.host)._declared
    assert (energy.inside, energy.resolution, power.resolution) == ("power", 3600.0, 1.0)


def test_several_outlets_are_summed():
    with FakeTasmota(lambda _: 90.0, outlets=3) as plug:
        meter = Tasmota(plug.host)
        meter.start()
        assert values(meter.read())["power"] == pytest.approx(90.0)
        meter.stop()


def test_password_opens_the_plug_and_is_not_shown():
    with FakeTasmota(password="secret") as plug:
        meter = Tasmota(plug.host, password="secret")
        meter.start()
        assert values(meter.read())["power"] == 50.0
        plug.silent = lambda: True
        meter.read()
        meter.stop()
    assert "secret" not in meter.trouble


@pytest.mark.parametrize("password", [None, "wrong"])
def test_missing_or_wrong_password_is_denied_with_the_cure(password):
    with (
        FakeTasmota(password="secret") as plug,
        pytest.raises(MeterDenied, match="JOULELAB_TASMOTA_PASSWORD"),
    ):
        Tasmota(plug.host, password=password).start()


def test_device_without_an_energy_sensor_is_told(plug):
    plug.has_energy = False
    with pytest.raises(MeterUnavailable, match="does not measure power"):
        Tasmota(plug.host).start()


def test_another_plug_is_no_tasmota():
    with FakeShelly2() as plug, pytest.raises(MeterUnavailable, match=r"meter\.tasmota\.host"):
        Tasmota(plug.host).start()


def test_silence_is_a_gap_that_the_counter_bridges(plug):
    meter = Tasmota(plug.host)
    meter.start()
    before = values(meter.read())["energy"]
    plug.silent = lambda: True
    assert all(math.isnan(sample.value) for sample in meter.read())
    time.sleep(0.1)
    plug.silent = lambda: False
    after = values(meter.read())["energy"]
    meter.stop()
    assert 4_000 < after - before < 1e6


def test_counter_that_was_reset_restarts(plug):
    meter = Tasmota(plug.host)
    meter.start()
    plug.reboot(keeps_counter=False)
    assert values(meter.read())["energy"] == math.inf
    assert math.isfinite(values(meter.read())["energy"])
    meter.stop()
