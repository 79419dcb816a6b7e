"""CodeCarbon's rows are estimates over their durations."""

from __future__ import annotations

import pytest
from support import recorded
from support.recorded import START_S, whole

from joulelab.errors import DataError
from joulelab.meters.recordings import load

ESTIMATE = "codecarbon.machine"


def test_row_of_codecarbon_is_an_estimate_over_its_duration(tmp_path):
    read = load(recorded.emissions(tmp_path / "emissions.csv", [(100, 100, 5000, "a")]))
    energy = whole(read, ESTIMATE)
    assert (energy.provenance, energy.coverage) == ("estimated", 1.0)
    assert energy.value_j == pytest.approx(5000)
    assert read.channels["codecarbon.cpu"].inside == "machine"
    assert "codecarbon.gpu" not in read.channels
    assert read.anchor.wall_ns == START_S * 10**9


def test_rows_of_one_run_go_on_counting_and_runs_add_up(tmp_path):
    rows = [(100, 100, 500, "a"), (200, 200, 1000, "a"), (400, 100, 700, "b")]
    read = load(recorded.emissions(tmp_path / "emissions.csv", rows))
    energy = whole(read, ESTIMATE)
    assert energy.value_j == pytest.approx(1700)
    assert energy.coverage == pytest.approx(0.75)


def test_many_short_runs_are_all_seen(tmp_path):
    rows = [(stop, 60, 500, f"r{stop}") for stop in range(60, 640, 61)]
    read = load(recorded.emissions(tmp_path / "emissions.csv", rows))
    energy = whole(read, ESTIMATE)
    assert energy.value_j == pytest.approx(500 * len(rows))
    assert energy.coverage > 0.98


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2023-", "yesterday-", ["line 2", "no time"]),
        (",100,", ",long,", ["line 2", "'long'"]),
        (",100,", ",-100,", ["line 2", "-100"]),
        (",p,", ",", ["line 2", "cells"]),
    ],
)
def test_broken_row_of_codecarbon_is_told_with_its_line(tmp_path, old, new, words):
    path = recorded.emissions(tmp_path / "emissions.csv", [(100, 100, 5000, "a")])
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError) as told:
        load(path)
    assert all(word in str(told.value) for word in ["emissions.csv", *words]), told.value


def test_quote_that_never_ends_is_told(tmp_path):
    path = recorded.emissions(tmp_path / "emissions.csv", [(100, 100, 5000, "a")])
    path.write_text(path.read_text().replace(",p,", ',"p,') + "x" * 200_000)
    with pytest.raises(DataError, match=r"emissions\.csv, line 3: no CSV"):
        load(path)


def test_rows_of_releases_that_do_not_tell_the_run_are_told_apart_by_their_starts(tmp_path):
    rows = [(100, 100, 500, ""), (200, 200, 1000, ""), (400, 100, 700, "")]
    read = load(recorded.emissions(tmp_path / "emissions.csv", rows))
    assert whole(read, ESTIMATE).value_j == pytest.approx(1700)


def test_a_run_within_another_counts_once(tmp_path):
    rows = [(300, 300, 900, "a"), (500, 100, 400, "b"), (600, 600, 1800, "a")]
    read = load(recorded.emissions(tmp_path / "emissions.csv", rows))
    assert whole(read, ESTIMATE).value_j == pytest.approx(1800)
