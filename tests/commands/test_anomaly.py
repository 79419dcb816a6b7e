from __future__ import annotations

import pytest
from support.commands import PHASES, records

pytestmark = pytest.mark.slow

SMALL = (
    "model.detector.gru=6",
    "model.detector.dense=4",
    "model.detector.flows=2",
    "data.steps=[400,600,800]",
    "data.window=10",
)


def test_one_run_answers_for_several_steps_and_says_first_whether_it_beats_trivial_rows(
    command, tmp_path
):
    steps = ("max_steps=6", "model.score_at=[2,100]", "model.validate_every=4")
    done = command("train", "experiment=omnianomaly", *SMALL, *steps, *PHASES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The model ")
    assert "trivial row" in done.stdout.splitlines()[0]
    assert "by steps" in done.stdout
    (record,) = records(tmp_path)
    assert [point["step"] for point in record["curve"]] == [2, 4, 6]
    assert "test/vus_pr" in record["curve"][0]["metrics"]
    figures = record["metrics"]
    assert {"energy_j/fit/train", "energy_j/fit/validate", "energy_j/fit/score"} <= set(figures)
    told = [point["metrics"]["train/energy_j"] for point in record["curve"]]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(figures["energy_j/fit/train"], rel=1e-6)
    assert figures["baseline/untrained/vus_pr"] <= figures["baseline/vus_pr"]
    assert record["tags"]["synthetic"] == "true"
