"""The yardstick: the surrogate's rows, the score, and jobs that cost what they should."""

from __future__ import annotations

import math
import sys
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("optuna")
sys.path.append(str(Path(__file__).parents[2]))

from benchmarks.lcbench import (
    DEVELOPMENT,
    EPOCHS,
    HELD_OUT,
    SPACE,
    Score,
    Surrogate,
    folder,
    from_cube,
)
from benchmarks.lcbench_jobs import Conditions, Outcome, Sweep
from benchmarks.sweeps import main, parsed
from benchmarks.sweeps_arms import ARMS, fingerprint
from benchmarks.sweeps_report import by_pair, log_ratios, table
from benchmarks.sweeps_results import Cell, Result, read, result_of, write

from joulelab.sweeps.history import History, Proposal, Verdict
from joulelab.sweeps.samplers import strategy

DATA = folder()
pytestmark = pytest.mark.skipif(
    DATA is None or not (DATA / "model.onnx").exists(), reason="no JOULELAB_SHARED_DATA"
)
TASK = DEVELOPMENT["167152"]


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    assert DATA is not None
    return Surrogate(DATA)


def test_the_surrogate_says_what_is_known(surrogate: Surrogate) -> None:
    row = np.array([[52, 64, 0.01, 0.5, 0.01, 3, 256, 0.2]])
    expected = [159.1999, 94.6018, 0.30268, 0.94421, 1.61090, 0.94602]
    np.testing.assert_allclose(surrogate.outputs("167152", row)[0], expected, rtol=2e-5)
    np.testing.assert_allclose(
        surrogate.outputs("126026", row)[0, :2], [72.4331, 94.1734], rtol=2e-5
    )


def test_constants_follow_from_random_configurations(surrogate: Surrogate) -> None:
    values = from_cube(np.random.default_rng(0).random((12_000, 7)))[:2_000]
    seconds, errors = surrogate.curves("167152", values)
    assert float(seconds[:, -1].mean()) == pytest.approx(TASK.unit_s, rel=0.05)
    assert float(np.median(errors[:, -1])) == pytest.approx(TASK.e_ref, rel=0.1)


def test_costs_never_fall(surrogate: Surrogate) -> None:
    seconds, errors = surrogate.curves(
        "168329", from_cube(np.random.default_rng(1).random((50, 7)))
    )
    assert (np.diff(seconds, axis=1) >= 0).all()
    assert (errors >= 0).all()
    assert (errors <= 100).all()


def test_score_of_one_point() -> None:
    """Half-way along the axis, at half the error that counts: a quarter of the box."""
    score = Score(TASK)
    share = score.add(10 ** ((TASK.c0 + TASK.c1) / 2), TASK.e_ref / 2)
    assert share * TASK.reference == pytest.approx(TASK.e_ref / 4, rel=0.01)
    assert score.add(10**TASK.c1 * 2, 0.0) == share
    assert score.add(1.0, TASK.e_ref * 2) == share


class Once:
    """Ten epochs of one configuration, paused at five and resumed, then the same again."""

    config = SPACE.from_unit((0.5,) * 7)

    def propose(self, history: History) -> Proposal:
        paused = [each for each in history.trials.values() if each.state == "paused"]
        if paused:
            return Proposal(10, resumes=paused[0].number)
        return Proposal(10, config=self.config)

    def assess(self, history: History, number: int) -> Verdict:
        step = history.trials[number].points[-1].step
        return Verdict("pause" if step == 5 else "go on", 10)


def spent(surrogate: Surrogate, conditions: Conditions, seed: int = 0) -> float:
    true_s, _ = surrogate.curve(TASK.name, Once.config)
    sweep = Sweep(surrogate, TASK, Once(), conditions, seed)
    return sweep.run(float(true_s[4]) / TASK.unit_s * 1.2 + 2 * conditions.start).spent


def test_a_resumed_run_pays_the_increment_and_its_start(surrogate: Surrogate) -> None:
    true_s, _ = surrogate.curve(TASK.name, Once.config)
    assert spent(surrogate, Conditions()) == pytest.approx(float(true_s[9]) / TASK.unit_s)
    charged = spent(surrogate, Conditions(start=0.03))
    assert charged >= float(true_s[4]) / TASK.unit_s + 2 * 0.03


def test_noise_belongs_to_task_seed_and_configuration(surrogate: Surrogate) -> None:
    first, again, other = (
        spent(surrogate, Conditions(noise=True), seed=seed) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert first == pytest.approx(other, rel=0.2)


def test_crediting_every_epoch_can_only_help(surrogate: Surrogate) -> None:
    shares = []
    for credited in (True, False):
        chosen = strategy("random", SPACE, EPOCHS, seed=0)
        outcome = Sweep(surrogate, TASK, chosen, Conditions(credited=credited), 0).run(4.0)
        shares.append(outcome.steps[-1][1])
    assert shares[0] > shares[1] > 0


def words(tmp_path: Path) -> list[str]:
    found = ["--tasks", "167152", "--seeds", "1", "--budget", "1"]
    return [*found, "--results", str(tmp_path / "cells.csv"), "--page", str(tmp_path / "page.md")]


def test_the_command_makes_each_cell_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words(tmp_path), "--samplers", "random"])
    first = (tmp_path / "cells.csv").read_text()
    assert len(first.splitlines()) == 2
    assert "| `random` |" in (tmp_path / "page.md").read_text()
    assert "1 cells, 1 to measure" in capsys.readouterr().out
    main([*words(tmp_path), "--samplers", "random"])
    assert "1 cells, 0 to measure" in capsys.readouterr().out
    assert (tmp_path / "cells.csv").read_text() == first


def test_a_cell_of_older_code_is_not_reported_and_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = result("random", 3.0, fingerprint="older")
    write(tmp_path / "cells.csv", [old])
    main([*words(tmp_path), "--report"])
    assert "1 cells of older code" in capsys.readouterr().out
    assert "| `random` |" not in (tmp_path / "page.md").read_text()


def test_fingerprints_tell_samplers_apart() -> None:
    assert len({fingerprint(name) for name in ARMS}) == len(ARMS)


def test_cells_come_back_from_their_file(tmp_path: Path) -> None:
    cells = [result("gp", 8.0), result("gp", math.inf, noise=True), result("gp", 4.0, seed=3)]
    write(tmp_path / "cells.csv", cells)
    assert set(read(tmp_path / "cells.csv")) == set(cells)
    write(tmp_path / "cells.csv", [*cells, replace(cells[0], area=0.125)])
    assert sorted(each.area for each in read(tmp_path / "cells.csv"))[0] == 0.125


def test_held_out_tasks_are_asked_for() -> None:
    assert set(parsed([]).tasks) == set(DEVELOPMENT)
    assert set(parsed(["--tasks", "held-out"]).tasks) == set(HELD_OUT)
    assert not set(HELD_OUT) & set(DEVELOPMENT)


def test_a_task_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["--tasks", "12"])
    assert "12 is no task" in capsys.readouterr().err


def result(
    sampler: str, units: float, seed: int = 0, noise: bool = False, fingerprint: str = "x"
) -> Result:
    """Reaches 70 % half-way to 80 %."""
    cell = Cell(sampler, "167152", seed, noise, 0.0, 10.0)
    arrived = (units / 2, units / 2, units, math.inf)
    return Result(*astuple(cell), fingerprint, *arrived, 0.5, 0.85, 1.0, 1.5, 7, 50)


def test_a_result_follows_from_its_outcome() -> None:
    cell = Cell("ours", "167152", 0, False, 0.0, 10.0)
    steps = [(2.0, 0.65), (4.0, 0.85), (11.0, 0.95)]
    found = result_of(cell, "x", Outcome(steps, [0.5, 1.5], 11.0, 7, 50))
    assert found.units == (2.0, 4.0, 4.0, math.inf)
    assert found.area == pytest.approx((2 * 0.65 + 6 * 0.85) / 10)
    assert (found.share, found.decision_mean_s, found.decision_max_s) == (0.85, 1.0, 1.5)


def test_the_report_counts_and_compares() -> None:
    lines = table(
        [result("gp", 8.0), result("ours", 4.0), result("ours", 1.0, seed=1)]
    ).splitlines()
    row = next(line for line in lines if line.startswith("| `ours` |"))
    cells = [part.strip() for part in row.strip("|").split("|")]
    assert cells[0] == "`ours`"
    assert cells[3] == "0.50 [0.50, 0.50]"
    assert cells[4] == "-"
    assert cells[5] == "2/2/2/0 of 2"
    assert cells[8:12] == ["2.5", "never", "0.500", "1.00 / 1.50"]
    assert cells[-1] == "1 x 2"


def test_a_run_that_never_arrives_counts_at_the_budget() -> None:
    late = log_ratios(by_pair([result("gp", math.inf)], "gp"), by_pair([result("b", 5.0)], "b"), 2)
    assert late == {"167152": [pytest.approx(math.log(2.0))]}
