"""Reading meters in time, at phase edges, and through their faults."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from support.meters import BrokenMeter, ConstantMeter, HangingMeter, LateMeter, LoggingMeter

from joulelab.errors import MeterUnavailable
from joulelab.meters.tracing import trace
from joulelab.meters.tracing.recorder import Recorder


def record(folder, meters, seconds=0.5, **options):
    recorder = Recorder(meters, folder, 0.05, **options)
    recorder.start()
    time.sleep(seconds)
    recorder.stop()
    return recorder, trace.read_stream(folder)


def test_samples_come_at_the_asked_period_without_drift(tmp_path):
    _, read = record(tmp_path, {"a": ConstantMeter()}, 2.0)
    times_ns = read.times_ns["a.energy"]
    assert 36 <= len(times_ns) <= 44


def test_first_and_last_reading_frame_the_run(tmp_path):
    recorder = Recorder({"a": ConstantMeter()}, tmp_path, 10.0)
    recorder.start()
    time.sleep(0.3)
    recorder.stop()
    times_ns = trace.read_stream(tmp_path).times_ns["a.energy"]
    assert len(times_ns) == 2
    assert times_ns[1] - times_ns[0] > 0.29e9


def test_phase_edges_have_a_sample_of_their_own(tmp_path):
    recorder = Recorder({"a": ConstantMeter(), "b": ConstantMeter(scope="dram")}, tmp_path, 10.0)
    recorder.start()
    with recorder.phase("fit"):
        time.sleep(0.05)
    recorder.stop()
    read = trace.read_stream(tmp_path)
    (fit,) = read.phases
    assert {fit.start_ns, fit.stop_ns} <= set(read.times_ns["a.energy"].tolist())
    assert abs(read.times_ns["b.energy"] - fit.stop_ns).min() < 5e6


def test_phases_are_nested_by_name(tmp_path):
    recorder = Recorder({}, tmp_path)
    recorder.start()
    with recorder.phase("fit"):
        with recorder.phase("epoch"), recorder.phase("load"):
            pass
        with recorder.phase("epoch"):
            pass
    recorder.stop()
    names = [phase.name for phase in trace.read_stream(tmp_path).phases]
    assert names == ["fit", "fit/epoch", "fit/epoch/load", "fit/epoch"]


def test_phase_ends_when_its_work_raises(tmp_path):
    recorder = Recorder({"a": ConstantMeter()}, tmp_path)
    recorder.start()
    with pytest.raises(ZeroDivisionError), recorder.phase("fit"):
        1 / 0
    with recorder.phase("evaluate"):
        pass
    recorder.stop()
    names = [phase.name for phase in trace.read_stream(tmp_path).phases]
    assert names == ["fit", "evaluate"]


def test_live_energy_counts_from_the_mark(tmp_path):
    recorder = Recorder({"a": ConstantMeter(watts=100.0)}, tmp_path, 0.05)
    recorder.start()
    start_ns = recorder.mark()
    time.sleep(0.3)
    stop_ns = recorder.mark()
    expected_j = 100.0 * (stop_ns - start_ns) / 1e9
    assert recorder.energy_since_j(start_ns) == pytest.approx(expected_j, abs=6.0)
    assert recorder.power_now_w() == pytest.approx(100.0, rel=0.01)
    recorder.stop()


def test_live_energy_is_unknown_without_a_meter(tmp_path):
    recorder = Recorder({}, tmp_path)
    recorder.start()
    assert math.isnan(recorder.energy_since_j(recorder.mark()))
    assert math.isnan(recorder.power_now_w())
    assert recorder.live_provenance is None
    recorder.stop()


def test_live_energy_is_unknown_for_a_time_nobody_marked(tmp_path):
    recorder = Recorder({"a": ConstantMeter()}, tmp_path)
    recorder.start()
    assert math.isnan(recorder.energy_since_j(recorder.mark() - 1))
    recorder.stop()


def test_live_energy_prefers_what_is_measured(tmp_path):
    meters = {
        "guess": ConstantMeter(watts=1.0, provenance="estimated"),
        "rapl": ConstantMeter(watts=50.0),
    }
    recorder = Recorder(meters, tmp_path, 0.05)
    recorder.start()
    time.sleep(0.2)
    assert recorder.live_channels == ("rapl.energy",)
    assert recorder.live_provenance == "measured"
    recorder.stop()


def test_required_meter_that_does_not_start_ends_the_others(tmp_path):
    other = ConstantMeter()
    recorder = Recorder({"a": other, "broken": BrokenMeter()}, tmp_path)
    with pytest.raises(MeterUnavailable, match="not plugged in"):
        recorder.start()
    assert other.stopped


@pytest.mark.parametrize("remote", [False, True])
def test_meter_that_is_not_required_is_left_out(tmp_path, remote):
    meters = {"broken": BrokenMeter(remote=remote), "a": ConstantMeter()}
    recorder, read = record(tmp_path, meters, 0.1, required={"broken": False})
    assert "plug it in" in recorder.failures["broken"]
    assert list(read.channels) == ["a.energy"]


@pytest.mark.parametrize("rude", [False, True])
def test_meter_that_falls_silent_leaves_a_gap_and_the_run_goes_on(tmp_path, rude):
    meters = {"a": ConstantMeter(), "b": ConstantMeter(silent_after_s=0.2, rude=rude)}
    recorder, read = record(tmp_path, meters, 0.6)
    assert np.isnan(read.values["b.energy"][-1])
    assert np.isfinite(read.values["a.energy"]).all()
    assert "b" in recorder.failures
    assert recorder.failed_required is None


def test_required_meter_that_stays_silent_is_told(tmp_path):
    meters = {"a": ConstantMeter(silent_after_s=0.1, rude=True)}
    recorder = Recorder(meters, tmp_path, 0.05, {"a": True})
    recorder.start()
    assert recorder.failed_required is None
    while recorder.failed_required is None:
        time.sleep(0.05)
    assert recorder.failed_required == "a: cable pulled"
    recorder.stop()


def test_required_meter_that_hangs_is_told(tmp_path):
    hanging = HangingMeter()
    recorder = Recorder({"remote": hanging}, tmp_path, 0.05, {"remote": True})
    recorder.start()
    while recorder.failed_required is None:
        time.sleep(0.05)
    hanging.release.set()
    recorder.stop()


def test_short_silence_of_a_required_meter_is_forgiven(tmp_path):
    meters = {"a": ConstantMeter(silent_after_s=0.2)}
    recorder = Recorder(meters, tmp_path, 0.05, {"a": True})
    recorder.start()
    time.sleep(0.5)
    assert recorder.failed_required is None
    recorder.stop()


def test_hanging_remote_meter_does_not_hold_up_the_stop(tmp_path):
    hanging = HangingMeter()
    recorder, read = record(tmp_path, {"remote": hanging, "a": ConstantMeter()}, 0.3)
    assert "did not answer" in recorder.failures["remote"]
    assert len(read.values["a.energy"]) > 3
    hanging.release.set()


def test_remote_meter_is_read_on_another_thread(tmp_path):
    seen = []

    class Curious(ConstantMeter):
        def read(self):
            seen.append(threading.current_thread())
            return super().read()

    recorder = Recorder({"a": Curious(remote=True)}, tmp_path, 0.05)
    recorder.start()
    with recorder.phase("fit"):
        time.sleep(0.2)
    recorder.stop()
    assert len(seen) > 2
    assert threading.current_thread() not in seen


def test_what_a_meter_collects_afterwards_replaces_its_live_samples(tmp_path):
    _, read = record(tmp_path, {"log": LoggingMeter(watts=1000.0)}, 0.2)
    inside = (read.times_ns["log.energy"] > read.anchor.monotonic_ns) & (
        read.values["log.energy"] != 7.0
    )
    assert not inside.any()
    assert read.values["log.energy"][-1] == 7.0


def test_stop_twice_and_phases_after_it_are_harmless(tmp_path):
    recorder = Recorder({"a": ConstantMeter()}, tmp_path)
    recorder.start()
    recorder.stop()
    recorder.stop()
    with recorder.phase("late"):
        pass
    assert trace.read_stream(tmp_path).phases == []


@pytest.mark.parametrize("remote", [True, False])
def test_an_optional_meter_joins_when_it_answers(tmp_path, remote):
    late = LateMeter(watts=20.0, remote=remote)
    meters = {"a": ConstantMeter(), "late": late}
    recorder = Recorder(meters, tmp_path, 0.05, required={"late": False})
    recorder.start()
    assert "still booting" in recorder.failures["late"]
    with recorder.phase("fit"):
        until = time.monotonic() + 10
        while "late.energy" not in recorder.channels and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
    recorder.stop()
    read = trace.read_stream(tmp_path)
    values = read.values["late.energy"]
    assert len(values) > 5
    assert "joined in" in recorder.failures["late"]
    assert late.stopped
    seen_s = (read.times_ns["late.energy"][-1] - read.times_ns["late.energy"][0]) / 1e9
    assert values[-1] - values[0] == pytest.approx(20 * seen_s, rel=1e-6)


def test_live_figures_stay_with_what_was_there_from_the_start(tmp_path):
    recorder = Recorder(
        {"a": ConstantMeter(), "late": LateMeter()}, tmp_path, 0.05, required={"late": False}
    )
    anchor = recorder.start()
    until = time.monotonic() + 10
    while "late.energy" not in recorder.channels and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.3)
    since_j = recorder.energy_since_j(anchor.monotonic_ns)
    mark_ns = recorder.mark()
    time.sleep(0.3)
    assert since_j > 0
    assert recorder.live_channels == ("late.energy",)
    assert recorder.energy_since_j(mark_ns) > 0
    recorder.stop()


def test_a_required_meter_is_not_waited_for_again(tmp_path):
    with pytest.raises(MeterUnavailable, match="still booting"):
        Recorder({"late": LateMeter()}, tmp_path, 0.05).start()


def test_a_meters_own_trouble_is_a_failure(tmp_path):
    meter = ConstantMeter()
    meter.trouble = "the clock was set"
    recorder, _ = record(tmp_path, {"a": meter})
    assert recorder.failures == {"a": "the clock was set"}


class Archive(LoggingMeter):
    """Says nothing live, and learns of its clock when it delivers."""

    live = False

    def read(self):
        return ()

    def collect(self, start, stop):
        self.channels = [replace(channel, u_clock_s=0.5) for channel in self.channels]
        return super().collect(start, stop)


def test_a_required_archive_is_not_taken_for_silent(tmp_path):
    recorder = Recorder({"a": Archive(remote=True)}, tmp_path, 0.05, {"a": True})
    recorder.start()
    time.sleep(2.5)
    assert recorder.failed_required is None
    recorder.stop()


def test_what_a_meter_learns_while_it_delivers_is_in_the_trace(tmp_path):
    _, read = record(tmp_path, {"a": Archive(remote=True)})
    assert read.channels["a.energy"].u_clock_s == 0.5
