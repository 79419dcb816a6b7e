from __future__ import annotations

import io

from rich.console import Console

from joulelab import screen
from joulelab.records import RunRecord

ROWS = {"baseline/random/vus_pr": 0.1, "baseline/random/point_f1": 0.2, "baseline/vus_pr": 0.1}


def shown(metrics):
    record = RunRecord("uid", "name", "experiment", "FINISHED", 0, metrics=metrics)
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
