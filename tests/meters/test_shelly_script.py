"""The script that samples on the plug itself: it really runs, in node."""

from __future__ import annotations

import math
import time

import pytest
from contracts.meter import BufferedMeterContract, now
from support.fake_script import NODE
from support.fake_shelly import FakeShelly1, FakeShelly2

from joulelab.errors import ConfigError
from joulelab.meters.shelly import Shelly
from joulelab.meters.tracing.recorder import Recorder
from joulelab.meters.tracing.trace import read_stream

needs_node = pytest.mark.skipif(NODE is None, reason="scripts run in node")


@pytest.fixture
def plug():
    with FakeShelly2() as running:
        yield running


def values(samples):
    return {sample.channel: sample.value for sample in samples}


@needs_node
class TestScript(BufferedMeterContract):
    @pytest.fixture
    def meter(self, plug):
        return Shelly(plug.host, script=True, script_period_s=0.05)


def test_first_generation_runs_no_scripts():
    with FakeShelly1() as plug, pytest.raises(ConfigError, match=r"meter\.shelly\.script"):
        Shelly(plug.host, script=True).start()


@needs_node
def test_script_fills_an_outage_of_the_network(plug, tmp_path):
    """1 W more every second: what the gap held is not what is around it."""
    plug.power_w = lambda s: 40 + s
    meter = Shelly(plug.host, script=True, script_period_s=0.05, update_period_s=0.1)
    recorder = Recorder({"shelly": meter}, tmp_path, period_s=0.1)
    recorder.start()
    time.sleep(0.3)
    plug.silent = lambda: True
    gone_ns = time.monotonic_ns()
    time.sleep(0.8)
    back_ns = time.monotonic_ns()
    plug.silent = lambda: False
    time.sleep(0.4)
    recorder.stop()
    trace = read_stream(tmp_path)
    times_ns, watts = trace.times_ns["shelly.power"], trace.values["shelly.power"]
    assert sum((times_ns > gone_ns) & (times_ns < back_ns)) > 8
    assert watts == pytest.approx(40 + (times_ns - plug.start_ns) / 1e9, abs=0.3)


@needs_node
def test_script_leaves_the_plug_as_it_was_and_clears_what_a_killed_run_left(plug):
    first = Shelly(plug.host, script=True)
    first.start()
    second = Shelly(plug.host, script=True)
    second.start()
    assert [script.name for script in plug.scripts.values()] == ["joulelab"]
    second.stop()
    assert plug.scripts == {}


@needs_node
def test_script_that_lost_its_power_is_started_again(plug):
    meter = Shelly(plug.host, script=True, script_period_s=0.05)
    meter.start()
    start = now()
    time.sleep(0.2)
    meter.read()
    plug.reboot()
    assert math.isnan(values(meter.read())["power"])
    assert values(meter.read()) == {"power": 50.0, "energy": math.inf}
    time.sleep(0.2)
    meter.read()
    meter.stop()
    energy = [s.value for s in meter.collect(start, now()) if s.channel == "energy"]
    assert sum(math.isinf(value) for value in energy) == 1
    assert len(energy) > 6


@needs_node
def test_setting_of_the_plug_s_clock_moves_no_sample_of_the_script(plug):
    meter = Shelly(plug.host, script=True, script_period_s=0.05)
    meter.start()
    start = now()
    time.sleep(0.2)
    plug.clock_ahead_s = 3600.0
    time.sleep(0.2)
    meter.stop()
    stop = now()
    times_ns = [s.time_ns for s in meter.collect(start, stop) if s.channel == "power"]
    assert len(times_ns) > 3
    assert times_ns == sorted(times_ns)
    assert times_ns[1] >= start.monotonic_ns
    assert times_ns[-1] <= stop.monotonic_ns
    assert meter.channels[0].u_clock_s > 0
