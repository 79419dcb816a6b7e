from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.history import History, Objective, Point, Trial
from joulelab.sweeps.results import export, front, noise_of, worth

OBJECTIVES = (Objective("val/f1_macro", "maximize"), Objective("energy_j", "minimize", cost=True))


def history(*curves, violations=None, units=None):
    """Trials of curves of (f1, joules), each with a configuration of its own unless told."""
    trials = {}
    for number, curve in enumerate(curves):
        points = tuple(
            Point(step, joules, (-f1, joules)) for step, (f1, joules) in enumerate(curve, start=1)
        )
        violation = violations[number] if violations else None
        unit = units[number] if units else (number / 100,)
        trials[number] = Trial(number, {"lr": unit[0]}, unit, points, "done", 3, violation)
    return History(OBJECTIVES, trials)


def test_every_point_of_a_curve_may_be_on_the_front():
    found = front(history([(0.5, 10.0), (0.7, 20.0), (0.6, 30.0)], [(0.6, 15.0), (0.65, 40.0)]))
    assert [(each.trials, each.step) for each in found] == [((0,), 2), ((1,), 1), ((0,), 1)]
    assert all(math.isnan(each.probability) for each in found)


def test_what_oversteps_a_constraint_is_not_on_the_front():
    found = front(history([(0.5, 10.0)], [(0.9, 5.0)], violations=[-0.1, 0.2]))
    assert [each.trials for each in found] == [(0,)]


def test_repeats_count_by_their_mean_and_tell_the_noise():
    units = [(0.5,), (0.5,), (0.1,)]
    some = history([(0.60, 100.0)], [(0.70, 102.0)], [(0.68, 100.0)], units=units)
    noise = noise_of(some)
    assert noise[0] == pytest.approx(0.1 / math.sqrt(2))
    assert noise[1] == pytest.approx(2.0 / 101 / math.sqrt(2))
    best = front(some)
    assert best[0].trials == (2,)
    assert best[0].losses == (-0.68, 100.0)


def test_an_answer_from_the_store_is_no_repeat():
    units = [(0.5,), (0.5,)]
    assert np.isnan(noise_of(history([(0.6, 100.0)], [(0.6, 100.0)], units=units))).all()


def test_a_clear_member_is_sure_and_a_close_one_is_not():
    some = history([(0.5, 10.0)], [(0.9, 100.0)], [(0.899, 101.0)])
    found = {each.trials[0]: each for each in front(some, noise=(0.01, 0.02))}
    assert found[0].probability == 1.0
    assert 0.4 < found[1].probability < 0.95


def test_the_worth_grows_with_the_money():
    some = history([(0.5, 10.0)], [(0.4, 20.0)], [(0.8, 100.0)])
    found = worth(some, reference=(0.0, 1000.0))
    assert found.spent == pytest.approx([10.0, 30.0, 130.0])
    assert found.volumes == pytest.approx([1.0, 1.0, 1.0 + 0.3])
    assert found.reference == (0.0, 3.0)


def test_the_worth_of_nothing_is_nothing():
    assert len(worth(History(OBJECTIVES)).volumes) == 0
    assert front(History(OBJECTIVES)) == []


def test_three_objectives_have_a_worth():
    objectives = (*OBJECTIVES, Objective("memory_bytes/peak", "minimize"))
    points = (Point(1, 10.0, (-0.5, 10.0, 0.5)), Point(2, 20.0, (-0.6, 20.0, 0.2)))
    some = History(objectives, {0: Trial(0, {}, (0.5,), points, "done")})
    found = worth(some, reference=(0.0, 100.0, 1.0))
    low = math.log10(5)
    expected = 0.5 * 1.0 * 0.5 + 0.6 * low * 0.8 - 0.5 * low * 0.5
    assert found.volumes == pytest.approx([expected])


def test_a_table_has_a_row_a_point(tmp_path):
    some = history([(0.5, 10.0), (0.7, 20.0)], [(0.6, 15.0)])
    export(some, tmp_path / "points.csv")
    with (tmp_path / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["trial"], row["val/f1_macro"], row["energy_j"]) for row in rows] == [
        ("0", "0.5", "10.0"),
        ("0", "0.7", "20.0"),
        ("1", "0.6", "15.0"),
    ]
    export(some, tmp_path / "points.parquet")
    import pandas as pd

    assert list(pd.read_parquet(tmp_path / "points.parquet")["params/lr"]) == [0.0, 0.0, 0.01]


def test_another_kind_of_table_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"say \.csv or \.parquet"):
        export(history([(0.5, 10.0)]), tmp_path / "points.xlsx")
