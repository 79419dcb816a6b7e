"""Every sampler by its name, over histories as a sweep makes them."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.asking import Asking
from joulelab.sweeps.history import History, Objective, Point, Strategy, Trial
from joulelab.sweeps.optuna_strategy import Options
from joulelab.sweeps.samplers import names, strategy
from joulelab.sweeps.space import Choice, Float, Integer, Space
from joulelab.sweeps.telling import told
from joulelab.sweeps.trajectory.rungs import Rungs

pytest.importorskip("optuna")

SPACE = Space(
    {
        "lr": Float(1e-4, 1e-1, log=True),
        "width": Integer(8, 64, step=8),
        "model": Choice(["tree", "net", True, 1]),
        "depth": Integer(1, 9, when={"model": ["net"]}),
    }
)
TWO = (Objective("energy_j", "minimize", cost=True), Objective("error", "minimize"))
ONE = (Objective("error", "minimize"),)
LONGEST = 52
FAST = [name for name in names() if "trajectory" not in name and "cma" not in name]


def curve(config: Any, steps: int, objectives: int = 2) -> tuple[Point, ...]:
    """Falls with every step towards what the learning rate allows."""
    floor = abs(math.log10(config["lr"]) + 2.5) + config["width"] / 64
    points = []
    for step in range(1, steps + 1):
        error, cost = floor + 3 / step, float(step * config["width"])
        points.append(Point(step, cost, (cost, error)[-objectives:]))
    return tuple(points)


def sweep(
    chosen: Strategy, runs: int, objectives: tuple[Objective, ...] = TWO, **changes: Any
) -> History:
    trials: dict[int, Trial] = {}
    for number in range(runs):
        proposal = chosen.propose(History(objectives, dict(trials)))
        assert proposal.config is not None
        points = curve(proposal.config, proposal.until_step, len(objectives))
        trial = Trial(number, proposal.config, SPACE.to_unit(proposal.config), points, "done")
        trials[number] = replace(trial, planned_steps=proposal.until_step, **changes)
    return History(objectives, trials)


@pytest.mark.parametrize("name", FAST)
def test_proposals_lie_in_the_space(name: str) -> None:
    """Active keys only, values of the space, steps up to the longest."""
    history = sweep(strategy(name, SPACE, LONGEST, seed=1), 14)
    for trial in history.trials.values():
        assert set(trial.config) == set(SPACE.active(trial.config))
        assert 1 <= trial.planned_steps <= LONGEST


@pytest.mark.parametrize("name", FAST)
def test_history_and_seed_decide(name: str) -> None:
    """A fresh object goes on as the old one would have."""
    old = strategy(name, SPACE, LONGEST, seed=3)
    history = sweep(old, 13)
    fresh = strategy(name, SPACE, LONGEST, seed=3)
    assert fresh.propose(history) == old.propose(history) == old.propose(history)


@pytest.mark.parametrize("name", ["random", "tpe", "gp", "qmc"])
def test_seeds_differ(name: str) -> None:
    first, second = (strategy(name, SPACE, LONGEST, seed=seed) for seed in (0, 1))
    assert first.propose(History(TWO)) != second.propose(History(TWO))


def test_cheap_start_is_eleven_short_runs() -> None:
    history = sweep(strategy("tpe_cheap_start", SPACE, LONGEST), 11)
    steps = [trial.planned_steps for trial in history.trials.values()]
    assert steps == [3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 8]


def test_cheap_start_by_option_is_the_one_by_name() -> None:
    by_option = strategy("gp", SPACE, LONGEST, options=Options(cheap_start=True))
    history = History(TWO)
    assert by_option.propose(history) == strategy("gp_cheap_start", SPACE, LONGEST).propose(history)


def test_all_runs_to_the_longest() -> None:
    chosen = strategy("tpe", SPACE, LONGEST, options=Options(steps="longest"))
    assert {trial.planned_steps for trial in sweep(chosen, 12).trials.values()} == {LONGEST}


def test_learns() -> None:
    """TPE's later runs have better learning rates than its first, random ones."""
    history = sweep(strategy("tpe", SPACE, LONGEST, seed=0), 60)
    misses = [abs(math.log10(trial.config["lr"]) + 2.5) for trial in history.trials.values()]
    assert sum(misses[-25:]) / 25 < 0.8 * sum(misses[:10]) / 10


def test_nsga_has_generations() -> None:
    """After a population its children come from it, not from chance."""
    history = sweep(strategy("nsga2", SPACE, LONGEST, seed=0), 110)
    misses = [abs(math.log10(trial.config["lr"]) + 2.5) for trial in history.trials.values()]
    assert sum(misses[-40:]) / 40 < 0.9 * sum(misses[:50]) / 50


@pytest.mark.parametrize("name", ["gp", "tpe"])
def test_running_trials_are_known(name: str) -> None:
    """What is proposed while others run differs from what would be without them."""
    chosen = strategy(name, SPACE, LONGEST, seed=5)
    history = sweep(chosen, 14)
    last = history.trials[13]
    pending = {number: replace(last, number=number, state="running", points=()) for number in (13,)}
    waiting = History(TWO, {**history.trials, **pending})
    failed = {13: replace(last, state="failed", points=())}
    assert chosen.propose(waiting) != chosen.propose(History(TWO, {**history.trials, **failed}))


@pytest.mark.parametrize("name", ["gp", "tpe", "nsga2"])
def test_odd_histories(name: str) -> None:
    """Failed and running trials, NaN losses, constraints known of some trials only."""
    chosen = strategy(name, SPACE, LONGEST)
    history = sweep(chosen, 16, violation=-1.0)
    trials = dict(history.trials)
    nan = Point(1, 5.0, (5.0, math.nan))
    trials[3] = replace(trials[3], state="failed", points=(), violation=None)
    trials[4] = replace(trials[4], points=(nan, *trials[4].points[1:]), violation=2.0)
    trials[5] = replace(trials[5], points=(nan,))
    trials[6] = replace(trials[6], state="running", violation=None)
    trials[7] = replace(trials[7], violation=math.nan)
    assert chosen.propose(History(TWO, trials)).config is not None


def test_a_used_up_space_still_gets_an_answer() -> None:
    space = Space({"model": Choice(["tree", "net"])})
    chosen = strategy("random", space, 1)
    trials: dict[int, Trial] = {}
    for number in range(4):
        proposal = chosen.propose(History(ONE, dict(trials)))
        assert proposal.config is not None
        unit = space.to_unit(proposal.config)
        points = (Point(1, 1.0, (1.0,)),)
        trials[number] = Trial(number, proposal.config, unit, points, "done", 1)
    assert {trial.config["model"] for number, trial in trials.items() if number < 2} == {
        "tree",
        "net",
    }


def test_points_told_are_capped_and_keep_the_front() -> None:
    history = sweep(strategy("random", SPACE, LONGEST), 60)
    rungs = Rungs.up_to(LONGEST)
    every, few = (told(history, rungs, "rungs", most) for most in (10**9, 40))
    assert len(few) == 40
    best = min(every, key=lambda each: each.values[1])
    assert best in few


def test_a_run_answers_at_several_rungs() -> None:
    config = {"lr": 0.01, "width": 8, "model": "tree"}
    trial = Trial(0, config, SPACE.to_unit(config), curve(config, 20), "done", 20)
    steps = [each.step for each in told(History(TWO, {0: trial}), Rungs.up_to(52), "rungs", 99)]
    assert steps[0] == 2
    assert steps[-1] == 20
    assert len(steps) == 4


def test_cost_is_told_as_its_logarithm_where_asked() -> None:
    history = sweep(strategy("random", SPACE, LONGEST), 1)
    plain, log = (told(history, Rungs.up_to(LONGEST), "last", 9, each)[0] for each in (False, True))
    assert log.values == (math.log10(plain.values[0]), plain.values[1])


def test_cma_es_wants_one_objective() -> None:
    if importlib.util.find_spec("cmaes") is None:
        pytest.skip("cmaes is not installed")
    with pytest.raises(ConfigError, match="one objective, not 2"):
        strategy("cma-es", SPACE, LONGEST).propose(History(TWO))


def test_cma_es_goes_its_own_path() -> None:
    """Its path told anew before every decision is the one that it goes in one study."""
    if importlib.util.find_spec("cmaes") is None:
        pytest.skip("cmaes is not installed")
    import optuna

    space = Space({key: SPACE.parameters[key] for key in ("lr", "width")})
    asking = Asking(space, 1, 1)
    study = optuna.create_study(sampler=optuna.samplers.CmaEsSampler(seed=0))
    chosen = strategy("cma-es", space, 1, seed=0)
    trials: dict[int, Trial] = {}
    for number in range(20):
        proposal = chosen.propose(History(ONE, dict(trials)))
        trial = study.ask()
        assert proposal.config == asking.ask(trial)[0]
        points = curve(proposal.config, 1, 1)
        study.tell(trial, points[0].losses[0])
        unit = space.to_unit(proposal.config)
        trials[number] = Trial(number, proposal.config, unit, points, "done", 1)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("gp_cheapstart", "gp_cheap_start"), ("tep", "tpe"), ("NSGA-II", "nsga2"), ("", "")],
)
def test_an_unknown_name_gets_the_nearest(wrong: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        strategy(wrong, SPACE, LONGEST)
    assert caught.value.where == "sweep.sampler"
    assert f"did you mean {meant}" in str(caught.value)


@pytest.mark.parametrize("name", names())
def test_every_name_is_known(name: str) -> None:
    if "cma" in name and importlib.util.find_spec("cmaes") is None:
        pytest.skip("cmaes is not installed")
    build: Callable[..., Strategy] = strategy
    assert build(name, SPACE, LONGEST) is not None
