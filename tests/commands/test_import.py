"""`joulelab import`: a recording made elsewhere becomes a stored run."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib.image
import pytest
from support import recorded
from support.commands import records

from joulelab.meters.tracing import trace


@pytest.fixture
def run(tmp_path):
    """A board from 10 s to 110 s and a plug from 0 s to 150 s."""
    folder = tmp_path / "measured"
    folder.mkdir()
    recorded.tegrastats(folder / "tegra.txt", [2.0] * 101, recorded.date_line(10))
    recorded.shelly_json(folder / "log.json", recorded.readings(range(0, 151, 2), 5.0))
    return folder


def test_run_has_its_energies_and_a_figure(program, tmp_path, run):
    done = program("import", run, "tracking=none", "name=old")
    assert done.returncode == 0, done.stderr
    assert all(words in done.stdout for words in ("shelly wall", "tegrastats board"))
    (record,) = records(tmp_path)
    metrics = record["metrics"]
    assert metrics["energy_j"] == pytest.approx(500)
    assert metrics["energy_j/fit/tegrastats.POM_5V_IN"] == pytest.approx(200)
    assert metrics["duration_s"] == 100
    assert metrics["power_w/mean"] == pytest.approx(5)
    assert (record["name"], record["status"]) == ("old", "FINISHED")
    assert record["start_wall_ns"] == (recorded.START_S + 10) * 10**9
    assert record["tags"]["headline"] == "shelly.power"
    (figure,) = tmp_path.glob("outputs/*/*/power.png")
    assert matplotlib.image.imread(figure).shape[2] == 4


def test_imported_run_is_stored_and_its_trace_can_be_imported_again(command, tmp_path, run):
    assert command("import", run).returncode == 0
    (folder,) = tmp_path.glob("outputs/*/*/")
    assert set(trace.load(folder).channels) >= {"shelly.power", "tegrastats.POM_5V_IN"}
    again = command("import", folder, "tracking=none")
    assert again.returncode == 0, again.stderr
    first, second = records(tmp_path)
    assert first["metrics"]["energy_j"] == pytest.approx(second["metrics"]["energy_j"])


def test_study_keeps_its_phases_and_idle_is_subtracted(command, tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    recorded.study(folder, [0, 180, 300, 600, 900])
    done = command("import", folder, "tracking=none")
    assert done.returncode == 0, done.stderr
    (record,) = records(tmp_path)
    assert record["metrics"]["energy_j/fit/repetition_2"] == pytest.approx(50 * 300)
    assert record["metrics"]["energy_dynamic_j"] == pytest.approx(0, abs=1e-6)


def test_log_without_any_date_is_imported(command, tmp_path):
    log = recorded.tegrastats(tmp_path / "log", [2.0] * 101)
    done = command("import", log, "tracking=none", "interval_s=0.5")
    assert done.returncode == 0, done.stderr
    (record,) = records(tmp_path)
    assert record["metrics"]["energy_j"] == pytest.approx(100)
    assert record["stop_wall_ns"] - record["start_wall_ns"] == 50 * 10**9


def test_a_users_mistake_is_one_sentence(command, refused, tmp_path, run):
    refused(command("import", tmp_path / "nothing", "tracking=none"), "nothing", "no such file")
    (tmp_path / "notes.txt").write_text("nothing to see")
    refused(command("import", tmp_path / "notes.txt"), "notes.txt", "known are")
    (run / "log.json").write_text('[{"power": 1, "timestamp": ')
    refused(command("import", run), "log.json, line 1", "no JSON")
    assert not list(tmp_path.glob("outputs/*/*/record.json"))


@pytest.mark.skipif("JOULELAB_SHARED_DATA" not in os.environ, reason="JOULELAB_SHARED_DATA unset")
@pytest.mark.parametrize(
    ("name", "board_j", "plug_j"),
    [("idle", 4729, 7813), ("steps_100", 13685, 18779), ("steps_1000", 19438, 26931)],
)
def test_nano_runs_are_imported_with_both_instruments(command, tmp_path, name, board_j, plug_j):
    path = Path(os.environ["JOULELAB_SHARED_DATA"], "jetson_nano", name)
    done = command("import", path, "tracking=none")
    assert done.returncode == 0, done.stderr
    (record,) = records(tmp_path)
    metrics = record["metrics"]
    assert metrics["energy_j/run/tegrastats.POM_5V_IN"] == pytest.approx(board_j, rel=0.003)
    assert metrics["energy_j/run/shelly.power"] == pytest.approx(plug_j, rel=0.003)
    assert list(tmp_path.glob("outputs/*/*/power.png"))
