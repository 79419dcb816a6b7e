"""The yardstick: the surrogate's rows, the score, and jobs that cost what they should."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("optuna")
sys.path.append(str(Path(__file__).parents[2]))

from benchmarks.lcbench import DEVELOPMENT, EPOCHS, SPACE, Score, Surrogate, folder, from_cube
from benchmarks.lcbench_jobs import Conditions, Sweep
from benchmarks.sweeps import main, parsed
from benchmarks.sweeps_report import report

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


def test_the_command_makes_each_cell_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--samplers", "random", "qmc", "--tasks", "167152", "--seeds", "1", "--budget", "1"]
    words += ["--cache", str(tmp_path)]
    main(words)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.json")}
    assert len(files) == 2
    assert "| random |" in capsys.readouterr().out
    main(words)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.json")} == files


def test_held_out_tasks_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["--tasks", "126026"])
    assert "held out" in capsys.readouterr().err
    assert parsed(["--tasks", "126026", "--held-out"]).tasks == ["126026"]
    assert set(parsed([]).tasks) == set(DEVELOPMENT)


def test_the_report_counts_and_compares() -> None:
    def cell(sampler: str, spent: float) -> dict[str, object]:
        steps = [(spent / 2, 0.65), (spent, 0.85)]
        return {
            "sampler": sampler,
            "task": "167152",
            "seed": 0,
            "budget": 10.0,
            "steps": steps,
            "decisions_s": [0.5, 1.5],
            "runs": 7,
        }

    row = report([cell("gp", 8.0), cell("ours", 4.0)]).splitlines()[2]
    cells = [part.strip() for part in row.strip("|").split("|")]
    assert cells[0] == "ours"
    assert cells[3] == "0.50 [0.50, 0.50]"
    assert cells[4] == "-"
    assert cells[5] == "1/1/1/0 of 1"
    assert cells[8] == "4.0"
    assert cells[10] == f"{(2 * 0.65 + 6 * 0.85) / 10:.3f}"
    assert cells[11] == "1.00 / 1.50"
