"""A recording played again shows what it recorded, when it recorded it."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from support.traces import counter_trace

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters import trace
from joulelab.meters.recorder import Recorder
from joulelab.meters.replay import Replay, Track
from joulelab.records import Channel, Instant, Trace

COUNTER = Channel("energy", "counter", "J", "cpu", "measured")
POWER = Channel("power", "power", "W", "cpu", "measured")
TIMES_NS = np.array([0, 100, 200], dtype=np.int64)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "trace.parquet"
    trace.write(counter_trace(watts=25.0, seconds=2.0), path)
    return path


def test_counter_is_interpolated_from_zero():
    track = Track(COUNTER, TIMES_NS, np.array([5.0, 7.0, 8.0]), None)
    assert [track.at(at_ns) for at_ns in (0, 50, 100, 150, 200)] == [0.0, 1.0, 2.0, 2.5, 3.0]


def test_power_holds_its_last_recorded_value():
    track = Track(POWER, TIMES_NS, np.array([5.0, 7.0, 8.0]), None)
    assert [track.at(at_ns) for at_ns in (0, 99, 100, 200)] == [5.0, 5.0, 7.0, 8.0]


def test_nothing_is_known_before_and_after_the_recording():
    track = Track(POWER, TIMES_NS, np.array([5.0, 7.0, 8.0]), None)
    assert math.isnan(track.at(-1))
    assert math.isnan(track.at(201))


def test_recorded_gap_stays_a_gap():
    track = Track(COUNTER, TIMES_NS, np.array([5.0, math.nan, 8.0]), None)
    assert math.isnan(track.at(50))
    assert math.isnan(track.at(150))
    assert track.at(200) == 3.0


def test_loop_goes_on_counting():
    track = Track(COUNTER, TIMES_NS, np.array([0.0, 1.0, 2.0]), 300)
    assert track.at(400) == 3.0
    assert track.between(250, 450) == [(200, 2.0), (300, 2.0), (400, 3.0), (500, 4.0)]


def test_replayed_run_has_the_recorded_samples(path, tmp_path):
    recorder = Recorder({"replay": Replay(path)}, tmp_path / "run", 0.05)
    recorder.start()
    time.sleep(0.55)
    recorder.stop()
    read = trace.read_stream(tmp_path / "run")
    watts = read.values["replay.power"]
    steps_ns = np.diff(read.times_ns["replay.power"])
    assert set(steps_ns.tolist()) == {100_000_000}
    assert set(watts.tolist()) == {25.0}


def test_collected_counter_joins_the_live_one(path):
    meter = Replay(path)
    start = Instant(time.monotonic_ns(), time.time_ns())
    meter.start()
    time.sleep(0.25)
    live = {sample.channel: sample for sample in meter.read()}["package-0"]
    meter.stop()
    stop = Instant(time.monotonic_ns(), time.time_ns())
    kept = [s for s in meter.collect(start, stop) if s.channel == "package-0"]
    times_ns, values = [s.time_ns for s in kept], [s.value for s in kept]
    assert live.value == pytest.approx(np.interp(live.time_ns, times_ns, values), abs=1e-6)


def test_recording_of_several_meters_must_be_told_which(tmp_path):
    one = counter_trace(25.0, 1.0)
    channels = {"a.energy": COUNTER, "b.energy": COUNTER}
    times_ns = one.times_ns["rapl.power"]
    both = Trace(
        channels, dict.fromkeys(channels, times_ns), dict.fromkeys(channels, times_ns * 1.0)
    )
    trace.write(both, tmp_path / "two.parquet")
    with pytest.raises(ConfigError, match="choose one of a, b"):
        Replay(tmp_path / "two.parquet").start()
    chosen = Replay(tmp_path / "two.parquet", meter="b")
    chosen.start()
    assert [channel.name for channel in chosen.channels] == ["energy"]


def test_missing_recording_is_told(tmp_path):
    with pytest.raises(MeterUnavailable, match="no such trace"):
        Replay(tmp_path / "nothing.parquet").start()
