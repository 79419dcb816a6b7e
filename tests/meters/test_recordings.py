"""Recordings of several instruments on one axis, our own, and real ones."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import recorded
from support.recorded import START_S, whole
from support.traces import counter_trace

from joulelab.errors import DataError
from joulelab.meters.recordings import common_span, load
from joulelab.meters.tracing import trace

BOARD = "tegrastats.POM_5V_IN"
PLUG = "shelly.power"
ESTIMATE = "codecarbon.machine"


def test_own_trace_and_run_folder_come_back_as_they_are(tmp_path):
    trace.write(counter_trace(25.0, 2.0), tmp_path / "trace.parquet")
    for path in (tmp_path, tmp_path / "trace.parquet"):
        read = load(path)
        assert list(read.channels) == ["rapl.package-0", "rapl.power"]
        assert [phase.name for phase in read.phases] == ["fit"]


@pytest.fixture
def run(tmp_path):
    """A board from 10 s to 110 s, a plug from 0 s to 150 s, CodeCarbon from 5 s to 115 s."""
    recorded.tegrastats(tmp_path / "tegra.txt", [2.0] * 101, recorded.date_line(10))
    recorded.shelly_json(tmp_path / "log.json", recorded.readings(range(0, 151, 2), 5.0))
    recorded.shelly_csv(tmp_path / "shelly.csv", recorded.readings(range(0, 151, 2), 5.0))
    recorded.emissions(tmp_path / "emissions.csv", [(115, 110, 3000, "a")])
    (tmp_path / "result.json").write_text('{"f1": 0.9}')
    (tmp_path / "scores.npz").write_bytes(b"PK\x03\x04\0\0")
    return tmp_path


def test_instruments_of_a_folder_share_one_axis(run):
    read = load(run)
    assert {name.partition(".")[0] for name in read.channels} == {
        "tegrastats",
        "shelly",
        "codecarbon",
    }
    assert read.anchor.wall_ns == START_S * 10**9
    assert read.times_ns[BOARD][0] == 10 * 10**9
    assert read.times_ns[ESTIMATE].tolist() == [5 * 10**9, 115 * 10**9]


def test_common_span_is_what_all_that_measure_saw(run):
    assert common_span(load(run)) == (10 * 10**9, 110 * 10**9)


@pytest.mark.parametrize("ahead_h", [-9.5, 1, 2, 5.75])
def test_local_times_are_moved_to_where_they_overlap(run, ahead_h):
    recorded.emissions(run / "emissions.csv", [(115 + ahead_h * 3600, 110, 3000, "a")])
    assert load(run, utc_offset_h=None).times_ns[ESTIMATE][0] == 5 * 10**9
    assert load(run, utc_offset_h=ahead_h).times_ns[ESTIMATE][0] == 5 * 10**9


def test_instruments_that_never_met_have_no_common_span(run):
    recorded.tegrastats(run / "tegra.txt", [2.0] * 10, recorded.date_line(5000))
    with pytest.raises(DataError, match="saw no moment together"):
        common_span(load(run))


def test_log_without_a_date_is_not_joined_by_guess(run):
    recorded.tegrastats(run / "tegra.txt", [2.0] * 10)
    with pytest.raises(DataError, match=r"tegrastats has no date.*date -u"):
        load(run)


def test_two_plugs_are_two_instruments(tmp_path):
    recorded.shelly_json(tmp_path / "a.json", recorded.readings(range(0, 100, 2), 5.0))
    recorded.shelly_json(tmp_path / "b.json", recorded.readings(range(1, 100, 2), 7.0))
    read = load(tmp_path)
    assert whole(read, "shelly.power").power_w == pytest.approx(5.0)
    assert whole(read, "shelly_2.power").power_w == pytest.approx(7.0)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_to_any_file_is_told_or_read(run, data):
    """Bytes overwritten, cut out or put in: a trace or a DataError, never another error."""
    recorded.study(run, [0, 20, 40, 60])
    names = ["tegra.txt", "log.json", "shelly.csv", "emissions.csv", "times.txt", "results.txt"]
    path = run / data.draw(st.sampled_from(names))
    whole_file = path.read_bytes()
    damaged = bytearray(whole_file[:2000])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        strange = data.draw(
            st.sampled_from([b"", b"\n", b"\r", b'"', b",", b"9", b"-", b"\xff", b"e9"])
        )
        damaged[at : at + data.draw(st.integers(0, 30))] = strange
    path.write_bytes(bytes(damaged))
    with contextlib.suppress(DataError):
        load(path)
    path.write_bytes(whole_file)


@pytest.mark.parametrize("name", ["none", "empty", "notes.txt"])
def test_what_is_no_recording_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(DataError) as told:
        load(tmp_path / name)
    assert name in str(told.value)


SHARED = os.environ.get("JOULELAB_SHARED_DATA")
REAL = {"idle": (4729, 7813), "steps_100": (13685, 18779), "steps_1000": (19438, 26931)}


@pytest.mark.skipif(SHARED is None, reason="JOULELAB_SHARED_DATA is not set")
@pytest.mark.parametrize("name", REAL)
def test_energies_of_the_nano_runs_are_those_of_their_files(name):
    read = load(Path(SHARED, "jetson_nano", name), utc_offset_h=None)
    board_j, plug_j = REAL[name]
    assert whole(read, BOARD).value_j == pytest.approx(board_j, rel=0.003)
    assert whole(read, PLUG).value_j == pytest.approx(plug_j, rel=0.003)
    assert whole(read, BOARD).coverage == whole(read, PLUG).coverage == 1.0
    seen_s = [(b - a) / 1e9 for a, b in [common_span(read)]]
    assert seen_s[0] == pytest.approx(len(read.times_ns[BOARD]), rel=0.01)


@pytest.mark.skipif(SHARED is None, reason="JOULELAB_SHARED_DATA is not set")
def test_codecarbon_took_six_times_what_the_plug_saw():
    read = load(Path(SHARED, "jetson_nano", "steps_100"), utc_offset_h=None)
    ratio = whole(read, ESTIMATE).value_j / whole(read, PLUG).value_j
    assert ratio == pytest.approx(6.0, rel=0.05)
    assert not math.isnan(whole(read, BOARD).u_j)
