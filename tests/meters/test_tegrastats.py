"""tegrastats as a real program, and a log that somebody else writes."""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import threading
import time
from pathlib import Path

import pytest
from contracts.meter import BufferedMeterContract
from support.fake_tegrastats import NANO
from support.worlds.tegrastats import FAKE, TegrastatsWorld

from joulelab.errors import MeterDenied, MeterUnavailable
from joulelab.meters.energy.integration import channel_energy
from joulelab.meters.tegrastats import Tegrastats
from joulelab.meters.tracing import trace
from joulelab.meters.tracing.recorder import Recorder
from joulelab.records import Instant

INTERVAL_S = 0.05
TWO_WATTS = (NANO.format(2000),)


@pytest.fixture
def board(tmp_path):
    """A meter of a board that prints these lines."""

    def make(lines=TWO_WATTS, **plan):
        (tmp_path / "plan.json").write_text(json.dumps({"lines": list(lines), **plan}))
        command = f"{sys.executable} {FAKE} --plan {tmp_path / 'plan.json'}"
        return Tegrastats(command, interval_s=INTERVAL_S, timeout_s=3.0)

    return make


class Writer:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.line(1000)

    def line(self, power_mw: int) -> None:
        with self.path.open("a") as log:
            log.write(NANO.format(power_mw) + "\n")


class TestTegrastats(BufferedMeterContract):
    @pytest.fixture
    def meter(self, board):
        return board()


def until(condition, seconds=5.0):
    end_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.01)
    return condition()


def values(meter):
    return {sample.channel: sample.value for sample in meter.read()}


def collected(meter, channel, start_ns=0):
    stop = Instant(time.monotonic_ns(), time.time_ns())
    samples = meter.collect(Instant(start_ns, 0), stop)
    return [sample for sample in samples if sample.channel == channel]


def test_board_total_holds_the_other_rails(board):
    meter = board()
    meter.start()
    meter.stop()
    power = {channel.name: channel for channel in meter.channels if channel.kind == "power"}
    assert {name: (each.scope, each.inside) for name, each in power.items()} == {
        "POM_5V_IN": ("board", None),
        "POM_5V_GPU": ("gpu", "POM_5V_IN"),
        "POM_5V_CPU": ("cpu", "POM_5V_IN"),
    }


def test_loads_and_clocks_are_auxiliary(board):
    meter = board()
    meter.start()
    read = values(meter)
    meter.stop()
    assert read["cpu_online"] == 3
    assert read["gpu_hz"] == 76e6
    assert read["POM_5V_IN"] == 2.0


def test_lines_are_collected_with_their_own_times(board):
    meter = board([NANO.format(mw) for mw in (1000, 2000, 3000)])
    meter.start()
    time.sleep(0.4)
    meter.stop()
    samples = collected(meter, "POM_5V_IN")
    steps_s = [(b.time_ns - a.time_ns) / 1e9 for a, b in itertools.pairwise(samples)]
    assert [sample.value for sample in samples[:4]] == [1.0, 2.0, 3.0, 1.0]
    assert min(steps_s) > 0.8 * INTERVAL_S


def test_tool_that_dies_leaves_a_gap_and_is_started_again_once(board):
    meter = board(die_after=4)
    meter.start()
    try:
        assert until(lambda: "not started again" in (meter.trouble or ""))
        assert until(lambda: math.isnan(values(meter)["POM_5V_IN"]))
    finally:
        meter.stop()
    seen = [not math.isnan(sample.value) for sample in collected(meter, "POM_5V_IN")]
    assert seen == [True] * 4 + [False] + [True] * 4 + [False]
    assert "exit code 3" in meter.trouble


def test_tool_has_a_process_group_of_its_own_and_is_gone_after_stop(board):
    meter = board()
    meter.start()
    pid = meter._source._process.pid
    assert os.getpgid(pid) == pid != os.getpgid(0)
    meter.stop()
    assert not Path(f"/proc/{pid}").exists()


def test_probe_starts_nothing(tmp_path):
    program = tmp_path / "tegrastats"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    Tegrastats(str(program)).probe()
    assert not (tmp_path / "started").exists()


def test_machine_without_the_tool_is_told():
    with pytest.raises(MeterUnavailable, match=r"no program no-such-tegrastats.*only Jetson"):
        Tegrastats("no-such-tegrastats").probe()


def test_tool_that_may_not_be_executed_is_told(tmp_path):
    program = tmp_path / "tegrastats"
    program.write_text("#!/bin/sh\n")
    with pytest.raises(MeterDenied, match="chmod"):
        Tegrastats(str(program)).start()


def test_board_that_shows_no_rail_is_told_with_the_tools_own_words(board):
    meter = board(["tegrastats: run me as root"], die_after=2)
    with pytest.raises(MeterUnavailable, match="it said: tegrastats: run me as root"):
        meter.start()


def test_tool_that_says_nothing_is_told(tmp_path):
    meter = Tegrastats("sh -c 'sleep 60'", interval_s=0.1, timeout_s=0.2)
    with pytest.raises(MeterUnavailable, match="no line with power rails"):
        meter.start()


def test_log_that_nobody_writes_any_more_is_told(tmp_path):
    writer = Writer(tmp_path / "log.txt")
    meter = Tegrastats(log=str(writer.path), interval_s=0.1, timeout_s=0.2)
    with pytest.raises(MeterUnavailable, match="no line"):
        meter.start()


def test_log_of_somebody_else_is_followed_and_may_be_replaced(tmp_path):
    writer = Writer(tmp_path / "log.txt")
    meter = Tegrastats(log=str(writer.path), interval_s=0.1, timeout_s=3.0)
    threading.Timer(0.2, writer.line, [1500]).start()
    meter.start()
    try:
        assert values(meter)["POM_5V_IN"] == 1.5
        writer.path.rename(tmp_path / "old.txt")
        writer.line(2500)
        assert until(lambda: values(meter)["POM_5V_IN"] == 2.5)
    finally:
        meter.stop()
    seen = [sample.value for sample in collected(meter, "POM_5V_IN")]
    assert seen[0] == 1.5
    assert math.isnan(seen[1])
    assert seen[2] == 2.5


def test_missing_log_is_told(tmp_path):
    with pytest.raises(MeterUnavailable, match="--logfile"):
        Tegrastats(log=str(tmp_path / "log.txt")).start()


@pytest.mark.parametrize("fault", ["plain", "unreadable", "slow answer", "clock step", "disorder"])
def test_energy_of_a_known_load(tmp_path, fault):
    world = TegrastatsWorld(tmp_path)
    world.start(fault, from_s=0.7, for_s=0.6)
    recorder = Recorder({"tegrastats": world.meter()}, tmp_path / "run", world.period_s)
    recorder.start()
    time.sleep(0.2)
    start_ns = time.monotonic_ns()
    time.sleep(1.4)
    stop_ns = time.monotonic_ns()
    time.sleep(0.2)
    recorder.stop()
    world.stop()
    energy = channel_energy(
        trace.read_stream(tmp_path / "run"), "tegrastats.POM_5V_IN", [(start_ns, stop_ns)]
    )
    assert energy.coverage == pytest.approx(world.visible(start_ns, stop_ns), abs=0.1)
    if fault != "unreadable":
        assert energy.value_j == pytest.approx(world.true_j(start_ns, stop_ns), rel=0.004)


def test_board_with_nothing_connected_is_told(board):
    meter = board(["RAM 1/2MB CPU [1%@102] NC 0/0"], die_after=2)
    with pytest.raises(MeterUnavailable, match="no line with power rails"):
        meter.start()
