from __future__ import annotations

import math

import numpy as np
import pytest

from joulelab.sweeps.history import History, Objective, Point, Trial
from joulelab.sweeps.space import Choice, Float, Space
from joulelab.sweeps.trajectory.cap import within_cap
from joulelab.sweeps.trajectory.curves import Curve, at_rungs, curves_of, start_cost
from joulelab.sweeps.trajectory.embedding import Embedding
from joulelab.sweeps.trajectory.fitting import milestone
from joulelab.sweeps.trajectory.kernel import Kernel, prior
from joulelab.sweeps.trajectory.problem import Problem, derive, weights_of
from joulelab.sweeps.trajectory.rungs import Rungs

ONE = np.ones(1)
OBJECTIVES = (Objective("error", "minimize"), Objective("energy_j", "minimize", cost=True))


def trial(number: int, losses: list[float], cost_per_step: float = 1.0, **others: object) -> Trial:
    points = tuple(
        Point(step, step * cost_per_step, (loss, step * cost_per_step))
        for step, loss in enumerate(losses, start=1)
    )
    return Trial(number, {}, (0.5,), points, "paused", **others)  # type: ignore[arg-type]


def history(*trials: Trial, **others: object) -> History:
    return History(OBJECTIVES, {t.number: t for t in trials}, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("longest", [1, 2, 7, 52, 5000])
def test_rungs_rise_to_the_longest_run(longest: int) -> None:
    steps = Rungs.up_to(longest).steps
    assert steps[-1] == longest
    assert list(steps) == sorted(set(steps))
    assert len(steps) <= 10


def test_rungs_begin_where_a_run_first_reports() -> None:
    assert Rungs.up_to(1000, 100).steps[0] == 100
    assert Rungs.up_to(1000, 100).positions([100, 1000]).tolist() == [0.0, 1.0]


def test_a_point_stands_for_the_rung_it_is_nearest_below() -> None:
    points = trial(0, [9.0, 8.0, 7.0, 6.0]).points
    assert [point.step for point in at_rungs(points, Rungs((1, 3, 8)))] == [1, 3, 4]


def test_an_unknown_reference_is_read_off_the_first_runs() -> None:
    first = [trial(0, [50.0, 40.0]), trial(1, [50.0, 20.0]), trial(2, [50.0, 30.0])]
    later = trial(3, [5.0, 1.0], cost_per_step=100.0)
    problem = derive(history(*first, later), 3, 10, ONE)
    assert problem is not None
    assert problem.reference == pytest.approx(24.0)
    assert problem.cost_reference == pytest.approx(10.0)


def test_a_given_reference_is_taken() -> None:
    problem = derive(history(trial(0, [50.0]), reference=(70.0, 500.0)), 3, 10, ONE)
    assert problem is not None
    assert (problem.reference, problem.cost_reference) == (70.0, 500.0)


@pytest.mark.parametrize(
    ("losses", "ideal"), [([5.0, 9.0], 0.0), ([-0.9, -0.2], -1.0), ([-50.0, -40.0], -52.0)]
)
def test_losses_are_counted_from_what_cannot_be_beaten(losses: list[float], ideal: float) -> None:
    runs = [trial(number, [loss]) for number, loss in enumerate(losses)]
    problem = derive(history(*runs), 3, 10, ONE)
    assert problem is not None
    assert problem.ideal[0] == pytest.approx(ideal)


def test_without_a_point_nothing_is_derived() -> None:
    assert derive(history(trial(0, []), trial(1, [math.nan])), 3, 10, ONE) is None


def test_weights_come_from_a_small_pool() -> None:
    drawn = {tuple(weights_of(decision, 2, seed=0)) for decision in range(50)}
    assert 1 < len(drawn) <= 8
    assert all(max(weights) == 1.0 for weights in drawn)


def test_the_start_cost_is_what_jobs_paid() -> None:
    trials = [trial(n, [1.0], start_cost=cost) for n, cost in enumerate([2.0, 3.0, 10.0])]
    assert start_cost(history(*trials)) == 3.0
    assert start_cost(history()) == 0.0


def test_categories_and_inactive_parameters_are_equally_far_apart() -> None:
    space = Space(
        {
            "model": Choice(["a", "b", "c"]),
            "lr": Float(0.0, 1.0, when={"model": ["a"]}),
        }
    )
    embedding = Embedding(space)
    units = np.array([[0.1, 0.2], [0.5, np.nan], [0.9, np.nan], [0.1, 0.9]])
    features = embedding.features(units)
    squared = (features[:, None, :] - features[None, :, :]) ** 2
    of_model = squared[..., embedding.owner == 0].sum(axis=-1)
    of_lr = squared[..., embedding.owner == 1].sum(axis=-1)
    assert of_model[0, 1] == pytest.approx(of_model[1, 2]) == pytest.approx(1.0)
    assert of_model[0, 3] == of_lr[1, 2] == 0.0
    assert of_lr[0, 3] == pytest.approx(0.49)
    mean, _ = prior(2)
    matrix = Kernel(mean, 2).of_configurations(features, features, embedding.owner)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9


def many_curves(count: int) -> tuple[list[Curve], Problem]:
    random = np.random.default_rng(0)
    trials = [
        trial(n, random.uniform(10, 90, 9).tolist(), random.uniform(1, 9)) for n in range(count)
    ]
    whole = history(*trials)
    problem = derive(whole, 11, 9, ONE)
    assert problem is not None
    return curves_of(whole, problem, Rungs.up_to(9)), problem


def test_the_models_get_no_more_rows_than_the_cap() -> None:
    curves, problem = many_curves(300)
    kept = within_cap(curves, problem, 200)
    assert 150 < sum(len(curve) for curve in kept) <= 200
    assert [curve.number for curve in kept] == sorted(curve.number for curve in kept)


def test_the_cap_keeps_the_front() -> None:
    curves, problem = many_curves(300)
    points = [
        (cost, loss, curve.number)
        for curve in curves
        for cost, loss in zip(curve.costs, curve.losses, strict=True)
    ]
    best, owners = problem.reference, set()
    for _, loss, number in sorted(points):
        if loss < best:
            best = loss
            owners.add(number)
    assert owners <= {curve.number for curve in within_cap(curves, problem, 200)}


def test_few_runs_are_all_kept() -> None:
    curves, problem = many_curves(20)
    assert within_cap(curves, problem, 200) == curves


def test_fits_grow_rare() -> None:
    fits = {milestone(runs) for runs in range(1, 1001)}
    assert len(fits) < 45
    assert all(milestone(runs) <= runs < 1.35 * milestone(runs) + 1 for runs in range(1, 1001))
