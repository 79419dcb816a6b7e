from __future__ import annotations

import io

from rich.console import Console

from joulelab import screen
from joulelab.records import CurvePoint, RunRecord

ROWS = {"baseline/random/vus_pr": 0.1, "baseline/random/point_f1": 0.2, "baseline/vus_pr": 0.1}


def shown(metrics, curve=()):
    record = RunRecord(
        "uid", "name", "experiment", "FINISHED", 0, metrics=metrics, curve=list(curve)
    )
    console = Console(file=io.StringIO(), width=120, highlight=False)
    screen.close_run(console, record, "a store", "a folder")
    return console.file.getvalue().splitlines()


def test_a_detector_of_anomalies_is_compared_in_the_first_line():
    lines = shown({"test/vus_pr": 0.1, "test/point_f1": 0.1, **ROWS})
    assert lines[0].startswith("The model does NOT beat the trivial rows: vus_pr 0.100")


def test_a_classifier_stands_beside_the_most_frequent_class():
    lines = shown({"test/accuracy": 0.5, "baseline/accuracy": 0.4})
    assert any("most frequent class" in line for line in lines)
    assert not any("trivial rows" in line for line in lines)


def test_steps_at_which_test_was_scored_are_told_with_their_joules():
    curve = [
        CurvePoint(100, 0, 20.0, {"test/vus_pr": 0.2, "train/energy_j": 15.0}),
        CurvePoint(150, 0, 25.0, {"val/loss": 1.0, "train/energy_j": 18.0}),
        CurvePoint(200, 0, 50.0, {"val/loss": 0.0, "train/energy_j": 30.0}),
    ]
    lines = shown({"test/vus_pr": 0.3, "test/point_f1": 0.1, **ROWS}, curve)
    first = next(line for line in lines if " 100 " in line)
    last = next(line for line in lines if " 200 " in line)
    assert [word for word in first.split() if word[0].isdigit()] == ["100", "0.200", "15", "20"]
    assert [word for word in last.split() if word[0].isdigit()] == [
        "200",
        "0.300",
        "0.100",
        "30",
        "50",
    ]
    assert not any(" 150 " in line for line in lines)


def test_a_run_scored_at_its_end_alone_has_no_table_of_steps():
    curve = [CurvePoint(200, 0, 50.0, {"val/loss": 0.0})]
    lines = shown({"test/vus_pr": 0.3, "test/point_f1": 0.1, **ROWS}, curve)
    assert not any("by steps" in line for line in lines)
