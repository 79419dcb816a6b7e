from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.curve_world import (
    CONDITIONAL,
    LONGEST,
    LOSS_AND_COST,
    PLAIN,
    Config,
    World,
    cost,
    losses,
)

from joulelab.errors import ConfigError
from joulelab.sweeps.history import History, Objective, Proposal, Trial
from joulelab.sweeps.space import Choice, Space
from joulelab.sweeps.trajectory.strategy import Settings, Trajectory

START = 6


def cost_by_depth(config: Config, step: int) -> float:
    return step * (1.0 + config.get("depth", 0))


def strategy(space: Space = PLAIN, seed: int = 0, **settings: object) -> Trajectory:
    return Trajectory(space, LONGEST, seed=seed, settings=Settings(**settings))  # type: ignore[arg-type]


def played(proposals: int, space: Space = PLAIN, **settings: object) -> World:
    world = World(space)
    world.run(strategy(space, **settings), proposals)
    return world


def test_the_start_is_cheap_and_tells_configurations_apart() -> None:
    world = played(START)
    one_full_run = np.mean([cost(trial.config, LONGEST) for trial in world.trials.values()])
    assert world.spent < 2 * one_full_run
    assert len({PLAIN.key(trial.config) for trial in world.trials.values()}) == START
    ended = [trial.points[-1].losses[0] for trial in world.trials.values()]
    assert np.std(ended) > 1.0


def test_the_start_runs_longer_where_setting_up_costs_more() -> None:
    free, dear = World(PLAIN), World(PLAIN, start_cost=50.0)
    for world in (free, dear):
        world.run(strategy(), START)
    steps = [sum(trial.points[-1].step for trial in w.trials.values()) for w in (free, dear)]
    assert steps[1] > 1.5 * steps[0]


def test_it_finds_the_good_region() -> None:
    """The best loss there is is 12."""
    world = played(40)
    best = min(point.losses[0] for trial in world.trials.values() for point in trial.points)
    assert best < 25.0


def test_a_fresh_object_decides_as_one_that_has_seen_it_all() -> None:
    world, old = World(PLAIN), strategy()
    world.run(old, 18)
    for _ in range(4):
        history = world.history()
        proposal = strategy().propose(history)
        assert proposal == old.propose(history)
        number = world.begin(proposal)
        world.advance(number, proposal.until_step)
        verdict = strategy().assess(world.history(), number)
        assert verdict == old.assess(world.history(), number)
        world.end(number, "pause")


def test_the_order_in_which_trials_are_listed_does_not_matter() -> None:
    history = played(16).history()
    turned = replace(history, trials=dict(reversed(history.trials.items())))
    assert strategy().propose(history) == strategy().propose(turned)


def test_another_seed_starts_elsewhere() -> None:
    empty = World(PLAIN).history()
    assert strategy(seed=1).propose(empty) != strategy(seed=2).propose(empty)


def poor_run(world: World) -> int:
    """A wide run at the worst learning rate: dear, and it learns nothing."""
    number = world.begin(Proposal(8, config={"lr": 1.0, "width": 100.0}))
    world.advance(number, 8)
    return number


def test_a_clearly_dominated_curve_is_paused() -> None:
    world = played(25)
    number = poor_run(world)
    assert strategy().assess(world.history(), number).decision == "pause"


def test_without_checkpoints_it_is_stopped_and_nothing_resumes() -> None:
    world = played(25, resume=False)
    assert all(proposal.resumes is None for proposal in world.proposals)
    number = poor_run(world)
    assert strategy(resume=False).assess(world.history(), number).decision == "stop"


def test_a_run_on_its_way_goes_on() -> None:
    world = World(PLAIN)
    number = world.begin(strategy().propose(world.history()))
    world.trials[number] = replace(world.trials[number], planned_steps=3)
    world.advance(number, 1)
    world.trials[number] = replace(world.trials[number], planned_steps=3)
    verdict = strategy().assess(world.history(), number)
    assert (verdict.decision, verdict.until_step) == ("go on", 3)


def test_paused_runs_are_taken_up_again_where_nothing_new_is_left() -> None:
    space = Space({"depth": Choice([1, 2, 3])})
    world = World(space, lambda config, step: (50.0 / config["depth"] / step,), cost_by_depth)
    mind = strategy(space)
    world.run(mind, 3)
    proposal = mind.propose(world.history())
    assert proposal.config is None
    assert proposal.resumes is not None
    last = world.trials[proposal.resumes].points[-1].step
    assert last < proposal.until_step <= LONGEST
    assert strategy(space, resume=False).propose(world.history()).resumes is None


def test_parameters_may_be_inactive() -> None:
    world = played(30, CONDITIONAL)
    assert any(math.isnan(value) for trial in world.trials.values() for value in trial.unit)
    assert {trial.config["model"] for trial in world.trials.values()} == {"net", "forest"}
    for trial in world.trials.values():
        assert set(trial.config) == set(CONDITIONAL.active(trial.config))


def test_workers_side_by_side_get_different_work() -> None:
    world, shared = played(20), strategy()
    proposals = []
    for _ in range(4):
        proposals.append(shared.propose(world.history()))
        world.begin(proposals[-1])
    resumed = [p.resumes for p in proposals if p.resumes is not None]
    assert len(set(resumed)) == len(resumed)
    units = [PLAIN.to_unit(p.config) for p in proposals if p.config is not None]
    apart = [math.dist(a, b) for i, a in enumerate(units) for b in units[:i]]
    assert all(distance > 1e-3 for distance in apart)


def test_a_used_up_space_gives_a_repeat_and_no_error() -> None:
    space = Space({"model": Choice(["net", "forest"]), "depth": Choice([1, 2])})
    world = World(space, lambda config, step: (config["depth"] + 10 / step,), cost_by_depth)
    trials = {}
    for number in range(6):
        proposal = strategy(space).propose(History(LOSS_AND_COST, trials))
        assert proposal.config is not None
        trials[number] = Trial(
            number, proposal.config, space.to_unit(proposal.config), state="failed"
        )
    assert len({space.key(trial.config) for trial in trials.values()}) == 4
    assert not world.trials


def test_failed_runs_are_avoided() -> None:
    """Everything at a high learning rate fails."""
    world = played(START)
    for number, trial in world.trials.items():
        if trial.unit[0] > 0.5:
            world.trials[number] = replace(trial, points=(), state="failed")
    chosen = []
    for seed in range(6):
        proposal = strategy(seed=seed).propose(world.history())
        if proposal.config is not None:
            chosen.append(PLAIN.to_unit(proposal.config)[0])
    assert np.mean(np.array(chosen) > 0.5) < 0.5


def test_a_run_that_breaks_a_constraint_owns_no_front() -> None:
    world = played(START)
    broken = {n: replace(trial, violation=1.0) for n, trial in world.trials.items()}
    world.trials.update(broken)
    assert strategy().propose(world.history()).resumes is None


def test_points_that_are_not_numbers_are_left_out() -> None:
    world = played(START)
    first = world.trials[0]
    ruined = tuple(replace(point, losses=(math.nan, point.cost)) for point in first.points)
    world.trials[0] = replace(first, points=ruined)
    assert strategy().propose(world.history()) is not None


def test_nothing_known_yet_still_gives_work() -> None:
    units = [PLAIN.from_unit((i / 20, 0.5)) for i in range(15)]
    trials = {n: Trial(n, config, PLAIN.to_unit(config)) for n, config in enumerate(units)}
    assert strategy().propose(History(LOSS_AND_COST, trials)).config is not None


def test_several_losses_are_traded_off() -> None:
    objectives = (
        Objective("error", "minimize"),
        Objective("f1", "maximize"),
        Objective("energy_j", "minimize", cost=True),
    )

    def two(config: Config, step: int) -> tuple[float, ...]:
        base = losses(config, step)[0]
        return (base, -1 / (1 + base))

    world, both = World(PLAIN, two), strategy()
    for _ in range(16):
        history = replace(world.history(), objectives=objectives)
        proposal = both.propose(history)
        number = world.begin(proposal)
        world.advance(number, proposal.until_step)
        verdict = both.assess(replace(world.history(), objectives=objectives), number)
        world.end(number, "pause" if verdict.decision == "go on" else verdict.decision)
    assert len(world.trials) >= START


def test_learners_without_a_curve_are_runs_of_one_step() -> None:
    world, single = World(PLAIN), Trajectory(PLAIN, 1)
    world.run(single, 20)
    assert all(len(trial.points) == 1 for trial in world.trials.values())


def test_a_cost_alone_is_no_objective() -> None:
    world = played(START)
    history = replace(world.history(), objectives=LOSS_AND_COST[1:])
    with pytest.raises(ConfigError, match="nothing to improve"):
        strategy().propose(history)
