from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.fake_cpufreq import FakeJetson, FakeSysfs
from support.fake_nvml import COMPILER, FakeNvml

from joulelab.errors import HardwareError
from joulelab.hardware import guardian, knobs
from joulelab.hardware.keeper import Keeper

TESTS = Path(__file__).resolve().parents[1]
TURNED = {
    "cpu_online": 3,
    "cpu_boost": False,
    "cpu_governor": "powersave",
    "cpu_frequency_percent": 60,
    "threads": 1,
}


@pytest.fixture
def tree(tmp_path):
    return FakeSysfs(tmp_path / "sys")


@pytest.fixture
def start(tmp_path, tree):
    """A process whose run turns `TURNED` on the tree; ended, if it still lives."""
    started = []

    def make(end, path=None, **settings):
        settings = {**TURNED, "sysfs": str(tree.root), **settings}
        environment = {**os.environ, "PYTHONPATH": str(TESTS), "PATH": path or os.environ["PATH"]}
        process = subprocess.Popen(
            [sys.executable, "-m", "support.turned_run", tmp_path, json.dumps(settings), end],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield make
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def wait_until(true, limit_s=30.0):
    end_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end_s, "it never became so"
        time.sleep(0.01)


@pytest.mark.parametrize("end", ["fit", "fail", "kill"])
def test_the_machine_is_as_found_after_every_end_of_a_run(start, tree, end):
    before = tree.snapshot()
    process = start(end)
    _, words = process.communicate(timeout=60)
    assert tree.snapshot() == before
    assert process.returncode == {"fit": 0, "fail": 1, "kill": -signal.SIGKILL}[end], words
    assert ("undid 14 hardware settings" in words) == (end == "kill"), words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_signal_from_outside_leaves_the_machine_as_found(start, tree, tmp_path, number):
    before = tree.snapshot()
    process = start("wait")
    wait_until(lambda: tree.snapshot() != before)
    wait_until(lambda: list((tmp_path / "outputs").rglob("curve.jsonl")))
    process.send_signal(number)
    process.communicate(timeout=60)
    assert tree.snapshot() == before


def test_a_worker_that_outlives_the_run_does_not_delay_the_guardian(start, tree):
    before = tree.snapshot()
    process = start("fork")
    process.wait(timeout=60)
    wait_until(lambda: tree.snapshot() == before, limit_s=10)


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_gpu_and_jetson_are_set_back_after_sigkill(start, tmp_path):
    nvml = FakeNvml(tmp_path / "nvml")
    (tmp_path / "jetson").mkdir()
    jetson = FakeJetson(tmp_path / "jetson")
    before = {**jetson.sysfs.snapshot(), "mode": jetson.mode.read_text()}
    process = start(
        "kill",
        jetson.path,
        sysfs=str(jetson.sysfs.root),
        nvpmodel_conf=str(jetson.conf),
        nvml_library=nvml.library,
        cpu_boost=None,
        jetson_power_mode="5W",
        jetson_clocks=True,
        gpu_frequency_percent=50,
        gpu_power_limit_w=150,
        gpu_clock_percent=50,
    )  # fmt: skip
    _, words = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, words
    assert "the run is gone" in words
    assert {**jetson.sysfs.snapshot(), "mode": jetson.mode.read_text()} == before
    (gpu,) = nvml.gpus
    assert (gpu.limit_mw, gpu.locked_max_mhz) == (350_000, 0)


def test_the_guardian_outlives_sigterm_and_uses_no_cpu_time(tree):
    before = tree.snapshot()
    (knob,) = knobs({"cpu_frequency_percent": 60, "sysfs": str(tree.root)})
    knob.apply()
    pid = knob._machine.keeper.pid
    os.kill(pid, signal.SIGTERM)
    first = Path(f"/proc/{pid}/stat").read_text().split()[13:15]
    time.sleep(0.5)
    assert Path(f"/proc/{pid}/stat").read_text().split()[13:15] == first
    knob.restore()
    assert tree.snapshot() == before


def test_a_knob_is_not_turned_without_a_guardian(tree):
    (knob,) = knobs({"cpu_frequency_percent": 60, "sysfs": str(tree.root)})
    before = tree.snapshot()
    knob.apply()
    os.kill(knob._machine.keeper.pid, signal.SIGKILL)
    knob._machine.keeper._process.wait()
    (other,) = knobs({"cpu_governor": "powersave", "sysfs": str(tree.root)})
    other._machine.keeper = knob._machine.keeper
    with pytest.raises(HardwareError, match="guardian"):
        other.apply()
    knob.restore()
    assert tree.snapshot() == before


def test_what_cannot_be_set_back_is_one_sentence_with_its_command(tree):
    (knob,) = knobs({"cpu_frequency_percent": 60, "sysfs": str(tree.root)})
    knob.apply()
    path = tree.policy(1) / "scaling_max_freq"
    path.unlink()
    with pytest.raises(HardwareError, match=r"echo 4000000 \| sudo tee .*policy1"):
        knob.restore()
    path.write_text("1\n")
    knob.restore()
    assert path.read_text() == "4000000\n"
    assert knob._machine.keeper.pid is None


def test_undoing_begins_with_the_last_change_and_tries_twice(tmp_path):
    log, door = tmp_path / "log", tmp_path / "door"
    steps = [
        {"run": ["sh", "-c", f"echo first >> {log}; touch {door}"]},
        {"run": ["sh", "-c", f"[ -e {door} ] && echo second >> {log}"]},
    ]
    assert guardian.undo_all(steps) == []
    assert log.read_text().split() == ["first", "second"]


def test_a_keeper_with_nothing_to_keep_starts_no_process():
    assert Keeper().pid is None


def test_a_line_torn_by_the_death_of_its_writer_stops_nothing(tmp_path):
    file = tmp_path / "file"
    file.write_text("60\n")
    step = json.dumps({"keep": 1, "write": str(file), "text": "100"})
    subprocess.run(
        [sys.executable, guardian.__file__], input=f'{step}\n{{"keep": 2, "wr', text=True
    )
    assert file.read_text() == "100\n"
