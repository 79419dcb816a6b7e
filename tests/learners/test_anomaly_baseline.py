from __future__ import annotations

import numpy as np
import pytest
from support.tiny_data import TinyData

from joulelab.data.telemetry import Telemetry
from joulelab.data.windows import WindowedSplit
from joulelab.learners.anomaly_baseline import trivial, trivial_rows, truth_of
from joulelab.learners.baseline import baseline
from joulelab.stats.anomaly.judge import judge, judge_each


@pytest.fixture(scope="module")
def data():
    return Telemetry(servers=2, steps=(600, 400, 1200), window=30)


def test_every_trivial_row_stands_beside_a_model(data):
    found = baseline(data)
    for row in ("random", "zscore", "pca"):
        assert {f"baseline/{row}/{name}" for name in ("vus_pr", "point_f1", "point_f1_pot")} <= set(
            found
        )
    assert found["baseline/vus_pr"] == max(
        found[f"baseline/{row}/vus_pr"] for row in ("random", "zscore", "pca")
    )


def test_rows_are_judged_at_the_windows_ends(data):
    train, test = data.split("train"), data.split("test")
    (scores,) = trivial_rows(train, test)["zscore"]
    assert scores.shape == (len(test),)
    alone = judge(scores, truth_of(data, "test"))
    assert trivial(data)["baseline/zscore/auc_roc"] == alone["test/auc_roc"]


def test_rows_are_judged_an_entity_at_a_time_too(data):
    found, truth = trivial(data), truth_of(data, "test")
    (scores,) = trivial_rows(data.split("train"), data.split("test"))["zscore"]
    each = judge_each(scores, truth, data.split("test").names)
    mean = np.mean([figures["vus_pr"] for figures in each.values()])
    assert found["baseline/zscore/vus_pr_per_entity"] == pytest.approx(mean)
    rows = ("random", "zscore", "pca")
    best = max(found[f"baseline/{row}/vus_pr_per_entity"] for row in rows)
    assert found["baseline/vus_pr_per_entity"] == best


def test_servers_are_series_of_their_own_unless_joined(data):
    assert len(truth_of(data, "test").bounds) == 3
    joined = Telemetry(servers=2, steps=(600, 400, 1200), window=30, joined=True)
    assert len(truth_of(joined, "test").bounds) == 2


def test_trivial_rows_leave_room_above_them_on_telemetry():
    found = trivial(Telemetry())
    assert found["baseline/vus_pr"] < 0.6
    assert found["baseline/point_f1"] < 0.6


def test_classes_keep_their_most_frequent_one():
    assert set(baseline(TinyData())) == {"baseline/accuracy", "baseline/f1_macro"}


def test_labels_are_those_of_the_last_steps(data):
    test = data.split("test")
    np.testing.assert_array_equal(truth_of(data, "test").labels, test.labels[test.ends])


def test_an_entity_without_a_window_is_an_empty_series():
    data = Telemetry(servers=2, steps=(600, 400, 600), window=30)
    test = data.split("test")
    short = WindowedSplit(("short", *test.names), (test.parts[0].part(0, 5), *test.parts), 30)
    truth = truth_of(Holder(short), "test")
    assert np.diff(truth.bounds).tolist() == [0, 571, 571]
    each = judge_each(np.arange(len(short)), truth, short.names)
    assert each["short"] == {}
    assert "vus_pr" in each["server-1"]


class Holder:
    def __init__(self, split):
        self.split = lambda name: split
