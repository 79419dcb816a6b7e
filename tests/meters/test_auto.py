"""What a machine is said to have, and CodeCarbon's manners."""

from __future__ import annotations

import subprocess
import sys

from support.fake_powercap import FakePowercap, FakeZone

from joulelab.meters.auto import detect, survey

LIGHT = "import sys, joulelab.meters.auto, joulelab.meters.recorder; print(*sys.modules)"

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


def test_machine_with_rapl_measures_and_estimates(tmp_path):
    FakePowercap(tmp_path, [FakeZone("package-0", 50.0)])
    assert list(detect(str(tmp_path))) == ["rapl", "cpu_estimate"]


def test_machine_without_instruments_estimates(tmp_path):
    assert list(detect(str(tmp_path))) == ["cpu_estimate"]


def test_survey_names_state_and_cure(tmp_path):
    states = {status.name: status for status in survey(str(tmp_path))}
    assert list(states) == ["rapl", "cpu_estimate", "codecarbon"]
    assert not states["rapl"].ready
    assert "modprobe" in states["rapl"].cure
    assert states["cpu_estimate"].ready
    assert not states["cpu_estimate"].measured


def test_survey_names_what_an_instrument_sees(tmp_path):
    FakePowercap(tmp_path, [FakeZone("package-0", 50.0)])
    rapl = survey(str(tmp_path))[0]
    assert (rapl.ready, rapl.measured, rapl.channels) == (True, True, ("package-0",))


def test_meters_import_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True)
    heavy = {"numpy", "pyarrow", "codecarbon", "pandas", "torch", "scipy"}
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
