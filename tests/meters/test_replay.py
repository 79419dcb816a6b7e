"""A recording played again shows what it recorded, when it recorded it."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from contracts.meter import BufferedMeterContract
from support import recorded
from support.traces import counter_trace
from support.worlds.replay import ReplayWorld

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.energy.integration import channel_energy
from joulelab.meters.replay import Replay, Track, replay
from joulelab.meters.tracing import trace
from joulelab.meters.tracing.recorder import Recorder
from joulelab.records import Channel, Instant, Trace

COUNTER = Channel("energy", "counter", "J", "cpu", "measured")
POWER = Channel("power", "power", "W", "cpu", "measured")
TIMES_NS = np.array([0, 100, 200], dtype=np.int64)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "trace.parquet"
    trace.write(counter_trace(watts=25.0, seconds=2.0), path)
    return path


@pytest.fixture
def run(tmp_path):
    """Board and plug of one run, which both saw the seconds 10 to 60."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    recorded.tegrastats(folder / "log.txt", [2.0] * 51, recorded.date_line(10))
    recorded.shelly_json(folder / "log.json", recorded.readings(range(0, 80, 2), 5.0))
    return folder


class TestReplayOfALog(BufferedMeterContract):
    @pytest.fixture(params=["log.txt", "log.json"])
    def meter(self, request, tmp_path):
        times_s = [number / 20 for number in range(2000)]
        recorded.shelly_json(tmp_path / "log.json", recorded.readings(times_s))
        log = recorded.tegrastats(tmp_path / "log.txt", [2.0] * 2000)
        paths = {"log.txt": log, "log.json": tmp_path / "log.json"}
        return replay(paths[request.param], interval_s=0.05)["replay"]


class TestReplayOfOneOfTwo(BufferedMeterContract):
    @pytest.fixture(params=[False, True], ids=["once", "loop"])
    def meter(self, request, tmp_path):
        times_s = [number / 20 for number in range(-20, 10 if request.param else 2000)]
        recorded.shelly_json(tmp_path / "log.json", recorded.readings(times_s))
        recorded.tegrastats(tmp_path / "log.txt", [2.0] * 2000, recorded.date_line())
        return replay(tmp_path, loop=request.param, interval_s=0.05)["replay_shelly"]


def test_recording_of_one_instrument_is_one_meter(path, run):
    assert list(replay(path)) == ["replay"]
    assert list(replay(run / "log.json")) == ["replay"]


def test_instruments_of_one_run_are_meters_that_begin_together(run, tmp_path):
    recorder = Recorder(replay(run), tmp_path / "run", 0.1)
    recorder.start()
    time.sleep(1.3)
    recorder.stop()
    read = trace.read_stream(tmp_path / "run")
    board, plug = "replay_tegrastats.POM_5V_IN", "replay_shelly.power"
    # At second 10 both had a sample, and at the next even ones.
    late_ns = read.times_ns[plug][0] - read.times_ns[board][0]
    assert abs(late_ns) < 0.05e9
    assert set(read.values[board]) == {2.0}
    assert set(read.values[plug]) == {5.0}


def test_one_instrument_may_be_chosen(run):
    (meter,) = replay(run, meter="shelly").values()
    meter.start()
    assert [channel.name for channel in meter.channels] == ["power", "voltage", "current"]
    (other,) = replay(run, meter="rapl").values()
    with pytest.raises(ConfigError, match="choose one of shelly, tegrastats"):
        other.start()


def test_instruments_that_loop_keep_step(run):
    meters = replay(run, loop=True)
    for meter in meters.values():
        meter.start()
    periods = {track._period_ns for meter in meters.values() for track in meter._tracks}
    assert periods == {51 * 10**9}


@pytest.mark.parametrize("fault", ["plain", "unreadable", "late start", "disorder"])
def test_energy_of_a_known_load(tmp_path, fault):
    world = ReplayWorld(tmp_path)
    world.start(fault, from_s=0.5, for_s=0.6)
    meter = world.meter()
    recorder = Recorder({"replay": meter}, tmp_path / "run", world.period_s)
    recorder.start()
    time.sleep(1.5)
    recorder.stop()
    world.stop()
    # The recording begins when its meter does.
    world.start_ns = meter._start_ns
    interval = (world.start_ns + 10**7, world.start_ns + 14 * 10**8)
    energy = channel_energy(trace.read_stream(tmp_path / "run"), "replay.power", [interval])
    assert energy.coverage == pytest.approx(world.visible(*interval), abs=0.1)
    if world.visible(*interval) == 1:
        assert energy.value_j == pytest.approx(world.true_j(*interval), rel=0.001)


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
    assert track.between(250, 450) == [(300, 2.0), (400, 3.0), (450, 3.5)]


def test_counter_of_two_far_samples_ends_where_it_is_asked():
    track = Track(COUNTER, np.array([0, 1000]), np.array([5.0, 15.0]), None)
    assert track.between(200, 300) == [(200, 2.0), (300, 3.0)]
    assert track.between(-50, 2000) == [(0, 0.0), (1000, 10.0)]


def test_power_has_one_sample_beyond_each_end():
    track = Track(POWER, TIMES_NS, np.array([5.0, 7.0, 8.0]), None)
    assert track.between(50, 60) == [(0, 5.0), (100, 7.0)]


@pytest.mark.parametrize(
    ("channel", "expected"), [(POWER, [5.0, 7.0, 7.0]), (COUNTER, [1, 2, 2.5])]
)
def test_cut_track_begins_and_ends_with_the_span(channel, expected):
    track = Track(channel, TIMES_NS - 50, np.array([5.0, 7.0, 8.0]), None)
    track.cut(100)
    assert track.between(0, 100) == list(zip([0, 50, 100], expected, strict=True))


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
    with pytest.raises(MeterUnavailable, match="no such recording"):
        Replay(tmp_path / "nothing.parquet").start()
