"""What a machine is said to have, and CodeCarbon's manners."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.fake_ina3221 import NANO, FakeIna3221
from support.fake_nvml import COMPILER, FakeNvml
from support.fake_powercap import FakePowercap, FakeZone

from joulelab.meters.auto import detect

LIGHT = "import sys, joulelab.meters.auto, joulelab.meters.tracing.recorder; print(*sys.modules)"

CODECARBON = """
import sys, time
def refuse(*arguments):
    raise AssertionError("network")
sys.addaudithook(lambda event, arguments: refuse() if event == "socket.connect" else None)
from joulelab.meters.codecarbon import CodeCarbon
first, second = CodeCarbon(period_s=0.1), CodeCarbon(period_s=0.1)
first.start()
second.start()
time.sleep(0.2)
print(len(first.read()), len(second.read()))
first.stop()
second.stop()
print(first.emissions_kg > 0)
"""


@pytest.fixture
def places(tmp_path):
    """Where nothing is found."""
    nowhere = str(tmp_path / "nowhere")
    return {"powercap": nowhere, "nvml_library": nowhere, "tegrastats": nowhere, "sysfs": nowhere}


@pytest.fixture
def tegrastats(tmp_path):
    program = tmp_path / "tegrastats"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return str(program)


def test_machine_with_rapl_measures_and_estimates(tmp_path, places):
    FakePowercap(tmp_path, [FakeZone("package-0", 50.0)])
    assert list(detect(**{**places, "powercap": str(tmp_path)})) == ["rapl", "cpu_estimate"]


@pytest.mark.skipif(COMPILER is None, reason="the fake library needs a C compiler")
def test_machine_with_gpu_measures_it(tmp_path, places):
    fake = FakeNvml(tmp_path)
    meters = detect(**{**places, "nvml_library": fake.library})
    assert list(meters) == ["nvml", "cpu_estimate"]
    assert fake.state.users == 0
    meters["nvml"].start()
    assert meters["nvml"].channels[0].name == "gpu-0"
    meters["nvml"].stop()


def test_jetson_without_tegrastats_reads_its_monitors(tmp_path, places):
    FakeIna3221(tmp_path, NANO)
    meters = detect(**{**places, "sysfs": str(tmp_path)})
    assert list(meters) == ["ina3221", "cpu_estimate"]


def test_jetson_reads_its_rails_once(tmp_path, places, tegrastats):
    FakeIna3221(tmp_path, NANO)
    meters = detect(**{**places, "sysfs": str(tmp_path), "tegrastats": tegrastats})
    assert list(meters) == ["tegrastats", "cpu_estimate"]


def test_machine_without_instruments_estimates(places):
    assert list(detect(**places)) == ["cpu_estimate"]


def test_estimate_has_the_watts_that_were_given(places):
    assert detect(**places, watts_per_core=7.0)["cpu_estimate"].watts_per_core == 7.0


def test_meters_import_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True)
    heavy = {"numpy", "pyarrow", "codecarbon", "pandas", "torch", "scipy", "pynvml"}
    assert not heavy & set(done.stdout.split()), done.stderr


def test_codecarbon_is_quiet_offline_and_does_not_lock(tmp_path):
    """A user's own configuration that asks for file, API and lock changes nothing."""
    (tmp_path / ".codecarbon.config").write_text(
        "[codecarbon]\nsave_to_api=true\nemissions_endpoint=http://127.0.0.1:1\n"
        "output_dir=/nowhere\nallow_multiple_runs=false\nlog_level=info\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", CODECARBON], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.split("\n")[:2] == ["2 2", "True"], done.stderr
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == [".codecarbon.config"]
