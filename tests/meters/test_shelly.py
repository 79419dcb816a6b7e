"""Shelly plugs of both dialects on loopback: found, read, refused, restarted."""

from __future__ import annotations

import math
import time

import pytest
from contracts.meter import MeterContract
from support.fake_shelly import FakeShelly1, FakeShelly2

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.shelly import Shelly


@pytest.fixture
def plug():
    with FakeShelly2() as running:
        yield running


@pytest.fixture
def old_plug():
    with FakeShelly1() as running:
        yield running


class TestGen1(MeterContract):
    @pytest.fixture
    def meter(self, old_plug):
        return Shelly(old_plug.host)


class TestGen2(MeterContract):
    @pytest.fixture
    def meter(self, plug):
        return Shelly(plug.host)


def values(samples):
    return {sample.channel: sample.value for sample in samples}


@pytest.mark.parametrize("make", [FakeShelly1, FakeShelly2], ids=["Gen1", "Gen2"])
def test_generation_is_found_and_power_read_in_watts(make):
    with make(lambda _: 42.5) as plug:
        meter = Shelly(plug.host)
        meter.start()
        said = values(meter.read())
        meter.stop()
    assert said["power"] == pytest.approx(42.5)
    assert str(3 if make is FakeShelly2 else 1) in meter.note


@pytest.mark.parametrize(
    ("make", "step_j"), [(FakeShelly1, 60.0), (FakeShelly2, 3.6)], ids=["watt-minutes", "Wh"]
)
def test_counter_is_joules_since_the_start(make, step_j):
    with make(energy_j=lambda s: 10_000 * s) as plug:
        meter = Shelly(plug.host)
        meter.start()
        first = meter.read()[1]
        time.sleep(0.2)
        last = meter.read()[1]
        meter.stop()
    used_j = 10_000 * (last.time_ns - first.time_ns) / 1e9
    assert last.value - first.value == pytest.approx(used_j, abs=2 * step_j + 500)
    assert first.value < 1e6


def test_counter_lies_inside_the_power(plug):
    meter = Shelly(plug.host)
    meter.start()
    power, energy = meter.channels
    meter.stop()
    assert (power.kind, power.inside, power.scope) == ("power", None, "wall")
    assert (energy.kind, energy.inside, energy.resolution) == ("counter", "power", 3.6)
    assert (power.accuracy_absolute_w, power.accuracy_relative) == (3.0, 0.01)


@pytest.mark.parametrize("make", [FakeShelly1, FakeShelly2], ids=["Basic", "Digest SHA-256"])
def test_password_opens_the_plug(make):
    with make(password="läßt ein") as plug:
        meter = Shelly(plug.host, password="läßt ein")
        meter.start()
        assert values(meter.read())["power"] == 50.0
        meter.stop()


@pytest.mark.parametrize("make", [FakeShelly1, FakeShelly2], ids=["Basic", "Digest SHA-256"])
@pytest.mark.parametrize("password", [None, "wrong"])
def test_missing_or_wrong_password_is_denied_with_the_cure(make, password):
    with make(password="secret") as plug, pytest.raises(MeterDenied, match="password"):
        Shelly(plug.host, password=password).start()


def test_nonce_that_has_aged_is_renewed():
    with FakeShelly2(password="secret", nonce_uses=3) as plug:
        meter = Shelly(plug.host, password="secret")
        meter.start()
        assert all(values(meter.read())["power"] == 50.0 for _ in range(10))
        meter.stop()


@pytest.mark.parametrize("component", ["switch", "pm1", "em1"])
def test_metering_component_is_found(component):
    with FakeShelly2(lambda _: 61.0, component=component) as plug:
        meter = Shelly(plug.host)
        meter.start()
        said = values(meter.read())
        meter.stop()
    assert said["power"] == 61.0
    assert said["energy"] >= 0


def test_channel_that_is_not_there_names_those_that_are(plug):
    with pytest.raises(ConfigError, match="choose one of 0"):
        Shelly(plug.host, channel=2).start()
    with FakeShelly1(meters=2) as two, pytest.raises(ConfigError, match="choose one of 0, 1"):
        Shelly(two.host, channel=2).start()


def test_device_without_a_meter_is_told():
    with FakeShelly1(meters=0) as plug, pytest.raises(MeterUnavailable, match="does not measure"):
        Shelly(plug.host).start()


def test_nobody_there_is_unavailable():
    with pytest.raises(MeterUnavailable, match=r"meter\.shelly\.host"):
        Shelly("127.0.0.1:9", timeout_s=0.5).start()


def test_probe_asks_without_starting(plug):
    meter = Shelly(plug.host, script=True)
    meter.probe()
    assert [request.path for request in plug.asked] == ["/shelly", "/rpc/Shelly.GetStatus"]
    assert "S3PL" in meter.note


def test_reading_that_is_not_valid_is_no_number(old_plug):
    meter = Shelly(old_plug.host)
    meter.start()
    old_plug.valid = False
    assert all(math.isnan(sample.value) for sample in meter.read())
    meter.stop()


@pytest.mark.parametrize("make", [FakeShelly1, FakeShelly2], ids=["Gen1", "Gen2"])
def test_silence_is_a_gap_and_the_counter_goes_on_after_it(make):
    with make(energy_j=lambda s: 100_000 * s) as plug:
        meter = Shelly(plug.host)
        meter.start()
        before = values(meter.read())["energy"]
        plug.silent = lambda: True
        assert all(math.isnan(sample.value) for sample in meter.read())
        assert "meter.shelly.host" in meter.trouble
        time.sleep(0.1)
        plug.silent = lambda: False
        after = values(meter.read())["energy"]
        meter.stop()
    assert 8_000 < after - before < 1e6


def test_permission_that_is_taken_away_is_a_gap_with_its_reason(plug):
    meter = Shelly(plug.host)
    meter.start()
    plug.denied = lambda: True
    assert all(math.isnan(sample.value) for sample in meter.read())
    assert "refuses access" in meter.trouble
    meter.stop()


def test_counter_that_was_zeroed_restarts_and_goes_on(old_plug):
    old_plug.energy_j = lambda s: 100_000 * s
    meter = Shelly(old_plug.host)
    meter.start()
    before = values(meter.read())["energy"]
    old_plug.reboot(keeps_counter=False)
    assert values(meter.read())["energy"] == math.inf
    assert "restarted" in meter.trouble
    time.sleep(0.05)
    after = values(meter.read())["energy"]
    meter.stop()
    assert before < after < before + 1e6


def test_reboot_during_a_silence_is_a_restart_though_the_counter_kept_its_value(plug):
    meter = Shelly(plug.host)
    meter.start()
    meter.read()
    plug.silent = lambda: True
    meter.read()
    plug.reboot()
    plug.silent = lambda: False
    assert values(meter.read())["energy"] == math.inf
    assert math.isfinite(values(meter.read())["energy"])
    meter.stop()


def test_slow_answer_is_stamped_in_its_middle(plug):
    meter = Shelly(plug.host)
    meter.start()
    plug.power_w = lambda s: s
    plug.delay_s = lambda: 0.3
    power = meter.read()[0]
    meter.stop()
    true_s = (power.time_ns - plug.start_ns) / 1e9
    assert power.value == pytest.approx(true_s, abs=0.12)
