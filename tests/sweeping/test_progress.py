from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.sweeps import OBJECTIVES

from joulelab.sweeping import closing, progress, screen
from joulelab.sweeps.history import History, Point, Trial
from joulelab.sweeps.space import Choice, Float, Integer, Space


def trial(number, *points, violation=None, state="done"):
    """Points of (quality, joules), one a step."""
    made = tuple(
        Point(step, cost, (-quality, cost)) for step, (quality, cost) in enumerate(points, start=1)
    )
    config = {"model": f"net{number}"}
    return Trial(number, config, (number / 10,), made, state, planned_steps=2, violation=violation)


def history(*trials):
    return History(OBJECTIVES, {each.number: each for each in trials}, sum(t.cost for t in trials))


def rendered(what):
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    console.print(what)
    return console.file.getvalue()


def test_the_front_credits_every_point_of_a_curve():
    found = history(trial(0, (0.5, 10), (0.8, 20)), trial(1, (0.6, 30), (0.9, 60)))
    members = progress.front(found)
    assert [(each.trial.number, each.step) for each in members] == [(0, 1), (0, 2), (1, 2)]


def test_a_trial_that_oversteps_a_constraint_is_not_on_the_front():
    found = history(trial(0, (0.5, 10)), trial(1, (0.9, 5), violation=0.1))
    assert [each.trial.number for each in progress.front(found)] == [0]


def test_hypervolume_grows_with_the_money_up_to_its_own_end():
    found = history(trial(0, (0.5, 10), (0.8, 20)), trial(1, (0.1, 50)), trial(2, (0.95, 15)))
    curve = progress.hypervolumes(found)
    assert [spent for spent, _ in curve] == [20, 70, 85]
    shares = [share for _, share in curve]
    assert shares[0] == shares[1] < shares[2] == 1.0


def test_nothing_is_said_of_the_next_joules_before_it_can_be():
    assert progress.outlook([(1, 0.5), (2, 1.0)], 1.0) is None
    flat = [(cost, 1.0) for cost in range(1, 9)]
    assert progress.outlook(flat, 1.0).share == 0
    rising = [(cost, cost / 8) for cost in range(1, 9)]
    assert progress.outlook(rising, 1.0).share == pytest.approx(1 / 8)


def test_a_grid_counts_conditional_parameters_only_where_they_are_active():
    space = Space(
        {
            "model": Choice(("a", "b")),
            "lr": Float(1e-4, 1e-2, when={"model": ("b",)}),
            "batch_size": Integer(8, 64, when={"model": ("b",)}),
            "precision": Choice(("fp32", "bf16")),
        }
    )
    assert closing.grid_size(space) == 2 * (1 + 5 * 5)


def test_the_live_screen_shows_front_money_and_what_runs():
    found = history(trial(0, (0.5, 10), (0.8, 20)), trial(1, (0.7, 12), state="running"))
    shown = screen.SweepScreen("try", 100.0, "J")
    text = rendered(shown.render(found, [Running(found.trials[1])]))
    for words in ("try", "32 J of 100 J spent", "val/f1_macro ↑", "energy_j ↓", "▶ 1", "▁", "net0"):
        assert words in text


def test_the_close_writes_table_costs_and_figure(tmp_path):
    found = history(trial(0, (0.5, 10), (0.8, 20)), trial(1, (0.7, 12), (0.9, 40)))
    console = Console(file=io.StringIO(), width=200)
    closing.close(console, found, Space({"model": Choice(("a", "b"))}), tmp_path, "done", "J")
    text = console.file.getvalue()
    assert "the search cost 60 J" in text
    assert "a grid of 2 configurations" in text
    assert "about 60 J (estimated" in text
    assert (tmp_path / "front.png").stat().st_size > 1000


class Running:
    def __init__(self, trial):
        self.number, self.config, self.points = trial.number, trial.config, trial.points
