from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from support.sweeps import MemoryBook, Pauses, Quiet, StopsAt, Whole, starter

from joulelab.errors import ConfigError, RunFailed
from joulelab.sweeping import folders, job
from joulelab.sweeping.loop import Loop
from joulelab.sweeping.pausing import Pausing
from joulelab.sweeping.trials import Measure
from joulelab.sweeps.history import Proposal

MEASURE = Measure(("val/f1_macro", "energy_j"), (-1.0, 1.0), "energy_j")


@pytest.fixture
def sweep(tmp_path):
    def run(book, strategy, measure=MEASURE, **options):
        def length(config):
            return config.get("steps", 4)

        start = starter(tmp_path, options.get("repeats", 1))
        loop = Loop(book, strategy, measure, start, length, tmp_path, Quiet(), **options)
        return loop.run()

    return run


def test_every_point_of_every_curve_is_reported(sweep):
    book = MemoryBook(runs=2)
    assert sweep(book, Whole()) == "runs"
    for trial in book.trials.values():
        assert [point.losses[0] for point in trial.points] == [-0.1, -0.2, -0.3, -0.4]
        costs = [point.cost for point in trial.points]
        assert costs == sorted(costs)
        assert costs[0] > 0
    assert all(end["state"] == "done" for end in book.ends.values())
    assert all(end["spent"]["energy_j"] > 0 for end in book.ends.values())


@pytest.mark.parametrize("decision", ["stop", "pause"])
def test_a_run_ends_at_the_very_point_that_the_strategy_says(sweep, decision):
    book, strategy = MemoryBook(runs=1), StopsAt(until=3, steps=200)
    strategy.decision = decision
    sweep(book, strategy)
    assert len(book.trials[0].points) == 3
    assert book.ends[0]["state"] == {"stop": "done", "pause": "paused"}[decision]


def test_a_paused_trial_goes_on_where_it_was(sweep, tmp_path):
    book = MemoryBook(runs=3)
    book.spent_up = lambda: "runs" if book.trials and len(book.trials[0].points) == 6 else None
    sweep(book, Pauses(steps=6))
    pieces = folders.runs(tmp_path / "0")
    assert [len(piece.curve) for piece in pieces] == [2, 4, 6]
    assert [point.step for point in book.trials[0].points] == [1, 2, 3, 4, 5, 6]
    assert [point.losses[0] for point in book.trials[0].points] == pytest.approx(
        [-0.1, -0.2, -0.3, -0.4, -0.5, -0.6]
    )
    assert book.ends[0]["state"] == "done"
    spent_j = sum(piece.record.metrics["energy_j/run"] for piece in pieces)
    assert book.ends[0]["spent"]["energy_j"] == pytest.approx(spent_j)
    assert not list(tmp_path.glob("0/*/*/checkpoint"))


def test_repeats_of_a_paused_trial_go_on_together(sweep, tmp_path):
    book = MemoryBook(runs=3)
    book.spent_up = lambda: "runs" if book.trials and len(book.trials[0].points) == 4 else None
    sweep(book, Pauses(steps=4), repeats=2)
    pieces = folders.runs(tmp_path / "0")
    assert sorted((p.record.tags["seed"], len(p.curve)) for p in pieces) == [
        ("0", 2), ("0", 4), ("1", 2), ("1", 4),
    ]  # fmt: skip
    assert [point.step for point in book.trials[0].points] == [1, 2, 3, 4]
    mean_j = sum(piece.curve[-1].energy_j for piece in pieces[2:]) / 2
    assert book.trials[0].points[-1].cost == pytest.approx(mean_j)


def test_a_paused_trial_that_is_killed_goes_on_from_where_it_was_paused(sweep, tmp_path):
    book = MemoryBook(runs=1)
    book.spent_up = lambda: "runs" if book.trials and book.trials[0].state == "done" else None
    sweep(book, Pauses(steps=6, kill_at=5))
    assert "SIGKILL" in book.ends[0]["why"]
    assert [point.step for point in book.trials[0].points] == [1, 2, 3, 4]
    assert [len(piece.curve) for piece in folders.runs(tmp_path / "0")] == [2, 4, 4, 4]


def test_a_learner_that_cannot_go_on_is_never_paused_again(sweep, tmp_path):
    book = MemoryBook(runs=2)
    pausing = Pausing(True, lambda: Whole(4, steps=6, goes_on=False))
    sweep(book, Pauses(trials=9, steps=6, goes_on=False), pausing=pausing)
    assert [end["state"] for end in book.ends.values()] == ["done", "done"]
    assert [len(trial.points) for trial in book.trials.values()] == [2, 6]
    assert not pausing.possible


def test_a_killed_job_is_tried_again_and_then_let_be(sweep):
    book = MemoryBook(runs=1)
    sweep(book, Whole(kill_at=3))
    assert "SIGKILL" in book.ends[0]["why"]
    assert len(book.trials[0].points) == 2


def test_both_attempts_are_paid_for(sweep, tmp_path):
    book = MemoryBook(runs=1)
    sweep(book, Whole(kill_at=3))
    attempts = folders.runs(tmp_path / "0")
    assert len(attempts) == 2
    assert book.ends[0]["spent"]["energy_j"] > attempts[0].curve[-1].energy_j


def test_trials_that_all_fail_end_the_sweep_with_the_reason(sweep):
    with pytest.raises(RunFailed, match="the learner broke"):
        sweep(MemoryBook(runs=9), Whole(fail_at=1))


def test_a_failure_among_others_does_not_end_the_sweep(sweep):
    class Mixed(Whole):
        def propose(self, history):
            bad = {"fail_at": 1} if len(history.trials) % 2 else {}
            return Proposal(4, config=bad)

    book = MemoryBook(runs=4)
    sweep(book, Mixed())
    assert [end["state"] for end in book.ends.values()] == ["done", "failed", "done", "failed"]


def test_an_objective_that_no_run_logs_is_named(sweep):
    measure = Measure(("val/f1_micro", "energy_j"), (-1.0, 1.0), "energy_j")
    with pytest.raises(ConfigError, match=r"no run logs val/f1_micro.*val/f1_macro"):
        sweep(MemoryBook(runs=9), Whole(), measure)


def test_workers_run_side_by_side(sweep, tmp_path):
    sweep(MemoryBook(runs=2), Whole(steps=10, step_s=0.1), workers=2)
    first, second = (folders.runs(tmp_path / str(number))[0].record for number in (0, 1))
    assert second.start_wall_ns < first.stop_wall_ns


def test_a_job_of_a_dead_sweeper_is_watched_to_its_end(sweep, tmp_path):
    book = MemoryBook(runs=1)
    number = book.begin(Proposal(4, config={"step_s": 0.3}))
    left = starter(tmp_path)(number, {"step_s": 0.3})
    while not job.at_work(tmp_path / "0"):
        time.sleep(0.05)
    sweep(book, Whole())
    assert left.finish().failure is None
    assert len(folders.runs(tmp_path / "0")) == 1
    assert len(book.trials[0].points) == 4


def test_a_budget_that_is_gone_ends_what_runs(sweep):
    book = MemoryBook(runs=1)
    book.budget_j = 1.0
    sweep(book, Whole(steps=300, step_s=0.1))
    assert 1 <= len(book.trials[0].points) < 100


def test_one_interrupt_finishes_what_runs(sweep):
    book = MemoryBook(runs=9)
    interrupt_when_at_work(book, times=1)
    assert sweep(book, Whole(step_s=0.2)) == "interrupted"
    assert [len(trial.points) for trial in book.trials.values()] == [4]


def test_two_interrupts_stop_what_runs_and_keep_its_curve(sweep):
    book = MemoryBook(runs=9)
    interrupt_when_at_work(book, times=2)
    assert sweep(book, Whole(until=300, steps=300, step_s=0.1)) == "interrupted"
    assert 1 <= len(book.trials[0].points) < 100
    assert book.postponed == [0]


def test_an_interrupted_trial_goes_on_in_the_next_sweep(sweep, tmp_path):
    book = MemoryBook(runs=1)
    interrupt_when_at_work(book, times=2)
    sweep(book, Whole(until=4, step_s=0.3))
    before = len(book.trials[0].points)
    assert sweep(book, Whole(until=4, step_s=0.3)) == "runs"
    assert [point.step for point in book.trials[0].points] == [1, 2, 3, 4]
    first, second = folders.runs(tmp_path / "0")
    assert (len(first.curve), len(second.curve)) == (before, 4)
    assert second.record.tags["continues"] == first.record.run_uid


def interrupt_when_at_work(book, times):
    def watch():
        while not any(trial.points for trial in book.trials.values()):
            time.sleep(0.05)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)

    threading.Thread(target=watch, daemon=True).start()
