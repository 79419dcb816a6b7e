"""A log of tegrastats: when its lines were written, and what damaged ones still tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import recorded
from support.recorded import START_S, whole

from joulelab.errors import DataError
from joulelab.meters.recordings import load
from joulelab.meters.recordings.dates import date_line

BOARD = "tegrastats.POM_5V_IN"
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_undated_log_counts_its_interval(tmp_path):
    path = recorded.tegrastats(tmp_path / "log", [2.0] * 101)
    read = load(path)
    assert read.anchor is None
    assert whole(read, BOARD).value_j == pytest.approx(200.0)
    assert whole(load(path, interval_s=0.5), BOARD).value_j == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("first", "wall_s"),
    [
        ("Tue Nov 14 22:13:20 UTC 2023", START_S),
        ("Tue Nov 14 11:13:20 PM CET 2023", START_S),
        ("mar. 14 nov. 2023 23:13:20 CET", START_S),
        ("Tue, 14 Nov 2023 23:13:20 +0100", START_S),
        ("2023-11-14T22:13:20.5Z", START_S + 0.5),
        ("Tue Nov 14 22:13:20 XYZ 2023", START_S),
    ],
)
def test_date_on_top_is_the_start(tmp_path, first, wall_s):
    read = load(recorded.tegrastats(tmp_path / "log", [2.0] * 5, first))
    assert read.anchor.wall_ns == round(wall_s * 1e9)


@pytest.mark.parametrize(
    "text", ["", "RAM 1/2", "Tue Nov 44 22:13:20 UTC 2023", "12:00:00", "2023"]
)
def test_what_is_no_date_is_none(text):
    assert date_line(text) is None


@given(st.text(max_size=60))
def test_any_text_may_be_looked_at_for_a_date(text):
    date_line(text)


@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M:%S", "[%Y-%m-%d %H:%M:%S.500]", "%m-%d-%Y %H:%M:%S"]
)
def test_dates_before_each_line_tell_its_time(tmp_path, form):
    path = tmp_path / "log"
    lines = [f"{recorded.utc(2 * n, form)} {recorded.board_line(2.0)}" for n in range(51)]
    path.write_text("\n".join(lines))
    assert whole(load(path), BOARD).value_j == pytest.approx(2.0 * 100)


def test_zeros_that_a_power_cut_left_cost_one_line(tmp_path):
    path = recorded.tegrastats(tmp_path / "log", [2.0] * 101)
    path.write_bytes(path.read_bytes() + b"\0" * 4000)
    assert whole(load(path), BOARD).value_j == pytest.approx(200.0)


def test_second_date_tells_the_interval(tmp_path):
    path = recorded.tegrastats(tmp_path / "log", [2.0] * 1000, recorded.date_line())
    with path.open("a") as log:
        log.write(recorded.date_line(1007) + "\n")
    assert whole(load(path), BOARD).value_j == pytest.approx(2.0 * 1.007 * 999)


def test_pause_between_two_dates_is_a_gap(tmp_path):
    path = recorded.tegrastats(tmp_path / "log", [2.0] * 100, recorded.date_line())
    more = recorded.tegrastats(tmp_path / "more", [4.0] * 100, recorded.date_line(1000))
    path.write_text(path.read_text() + more.read_text())
    energy = whole(load(path), BOARD)
    assert energy.value_j == pytest.approx(2.0 * 99 + 4.0 * 99)
    assert energy.coverage == pytest.approx(198 / 1099)


@pytest.mark.parametrize("a_second", [1, 10])
def test_stamped_lines_keep_their_times(tmp_path, a_second):
    lines = [
        f"{recorded.utc(number // a_second, '%m-%d-%Y %H:%M:%S')} {recorded.board_line(2.0)}"
        for number in range(50 * a_second)
    ]
    (tmp_path / "log").write_text("\n".join(lines))
    read = load(tmp_path / "log")
    assert read.anchor.wall_ns == START_S * 10**9
    assert whole(read, BOARD).value_j == pytest.approx(2.0 * (50 - 1 / a_second))
    assert whole(read, BOARD).coverage == 1.0
    assert load(tmp_path / "log", utc_offset_h=2).anchor.wall_ns == (START_S - 7200) * 10**9


def test_date_on_top_tells_the_zone_of_the_stamps(tmp_path):
    line = f"{recorded.utc(3600, '%m-%d-%Y %H:%M:%S')} {recorded.board_line(2.0)}"
    (tmp_path / "log").write_text(f"{recorded.date_line()}\n{line}\n")
    assert load(tmp_path / "log").anchor.wall_ns == START_S * 10**9


def test_missing_lines_of_a_stamped_log_are_a_gap(tmp_path):
    seconds = [*range(50), *range(80, 130)]
    lines = [f"{recorded.utc(s, '%m-%d-%Y %H:%M:%S')} {recorded.board_line(2.0)}" for s in seconds]
    (tmp_path / "log").write_text("\n".join(lines))
    energy = whole(load(tmp_path / "log"), BOARD)
    assert energy.value_j == pytest.approx(2.0 * 98)
    assert energy.coverage == pytest.approx(98 / 129)


def test_line_cut_off_before_its_rails_is_a_gap_in_its_place(tmp_path):
    lines = [recorded.board_line(2.0)] * 21
    lines[10] = lines[10][:100]
    (tmp_path / "log").write_text("\n".join(lines))
    energy = whole(load(tmp_path / "log"), BOARD)
    assert energy.duration_s == 20
    assert energy.coverage == pytest.approx(0.9)


def test_line_broken_in_two_is_one(tmp_path):
    lines = [recorded.board_line(2.0)] * 21
    lines[10] = lines[10][:100] + "\r\n" + lines[10][100:]
    (tmp_path / "log").write_text("\n".join(lines))
    energy = whole(load(tmp_path / "log"), BOARD)
    assert (energy.duration_s, energy.coverage) == (20, 1.0)


def test_log_without_rails_is_told(tmp_path):
    (tmp_path / "log").write_text(recorded.board_line(1.0).partition("POM")[0] + "\n")
    with pytest.raises(DataError, match="no line shows a power rail"):
        load(tmp_path / "log")


@FUZZ
@given(st.data())
def test_damaged_log_never_shows_a_wrong_power(tmp_path, data):
    """Lines cut anywhere, any line end, strange text between them."""
    lines = []
    for _ in range(data.draw(st.integers(1, 8))):
        line = recorded.board_line(2.0)
        lines.append(line[: data.draw(st.integers(0, len(line)))])
        lines.append(data.draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n# note\n"])))
    path = tmp_path / "log"
    path.write_bytes(("".join(lines) + recorded.board_line(2.0)).encode())
    read = load(path)
    for channel, power_w in ((BOARD, 2.0), ("tegrastats.POM_5V_CPU", 0.123)):
        if channel in read.channels:
            shown = read.values[channel]
            assert set(shown[np.isfinite(shown)]) <= {power_w}
