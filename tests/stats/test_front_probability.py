from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.stats.front import non_dominated
from joulelab.stats.front_probability import front_probability, fronts_of, hypervolume_interval
from joulelab.stats.hypervolume import hypervolume
from joulelab.stats.uncertain import UncertainPoints, as_cloud, draws_of

MIN_MAX = ("min", "max")
coordinate = st.one_of(st.integers(-2, 2).map(float), st.floats(-5, 5))


@st.composite
def drawn_sets(draw: st.DrawFn, objectives: int) -> np.ndarray:
    n = draw(st.integers(0, 12))
    size = n * objectives
    sets = draw(st.lists(st.lists(coordinate, min_size=size, max_size=size), max_size=5))
    return np.array(sets, dtype=float).reshape(len(sets), n, objectives)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_all_fronts_at_once_are_those_of_each(objectives: int, data) -> None:
    drawn = data.draw(drawn_sets(objectives))
    each = [non_dominated(costs, ["min"] * objectives).members.tolist() for costs in drawn]
    assert fronts_of(drawn).tolist() == each


def by_loop(points: UncertainPoints, directions, draws: int) -> np.ndarray:
    cloud = as_cloud(points)
    chunks = list(draws_of(cloud, draws, seed=5))
    return np.mean([non_dominated(one, directions).members for c in chunks for one in c], axis=0)


@pytest.mark.parametrize("directions", [MIN_MAX, ("min", "max", "min")])
@pytest.mark.parametrize("own", [0.02, 0.3])
def test_a_plain_loop_over_all_points_agrees(directions, own: float) -> None:
    """Leaving out the hopeless ones changes nothing but the chance of the draw."""
    random = np.random.default_rng(1)
    means = random.normal(size=(40, len(directions)))
    points = UncertainPoints(means, own, u_shared=0.2 * np.abs(means))
    found = front_probability(points, directions, draws=4000)
    expected = by_loop(points, directions, 4000)
    sd = np.sqrt(np.maximum(expected * (1 - expected), 1e-3) / 4000)
    assert (np.abs(found - expected) < 7 * sd).all()


def test_a_shared_gain_error_leaves_the_order_of_one_instrument() -> None:
    means = np.array([(10.0, 0.5), (11.0, 0.6), (12.0, 0.55)])
    gain = means * [0.5, 0.0] * 0.4
    one = front_probability(UncertainPoints(means, 0.0, gain), MIN_MAX)
    assert one.tolist() == [1.0, 1.0, 0.0]


def test_two_instruments_may_disagree() -> None:
    """Of 10 J and 11 J by two meters of 1 J each: b is below a with probability
    Phi(-1 / sqrt 2)."""
    points = UncertainPoints([(10.0, 0.5), (11.0, 0.5)], 0.0, [(1.0, 0.0), (1.0, 0.0)], ["a", "b"])
    shares = front_probability(points, MIN_MAX, draws=8000)
    assert shares[1] == pytest.approx(0.5 * math.erfc(0.5), abs=0.025)
    assert shares.sum() == pytest.approx(1.0)


def test_few_repeats_are_less_sure() -> None:
    """Student's t with one degree of freedom: P(t > 2) = 1/2 - atan(2) / pi."""
    points = UncertainPoints([[0.0], [2.0]], [[0.0], [1.0]], degrees_of_freedom=1)
    shares = front_probability(points, ("min",), draws=8000)
    assert shares[1] == pytest.approx(0.5 - math.atan(2) / math.pi, abs=0.02)


def test_certain_points_have_probability_one_or_nothing() -> None:
    shares = front_probability(UncertainPoints([(1, 5), (2, 4), (2, 9)], 0.0), MIN_MAX, draws=10)
    assert shares.tolist() == [1.0, 0.0, 1.0]


def test_two_equal_uncertain_points_share_the_front() -> None:
    """By symmetry: each dominates the other in a quarter of the draws."""
    shares = front_probability(UncertainPoints([(1, 1), (1, 1)], 0.1), MIN_MAX, draws=4000, seed=1)
    assert shares == pytest.approx([0.75, 0.75], abs=5 * math.sqrt(0.75 * 0.25 / 4000))


def test_the_probability_is_that_of_the_gaussian() -> None:
    """One objective: b - a is N(0.1, 2 * 0.1²), so a is first with probability Phi(1 / sqrt 2)."""
    shares = front_probability(UncertainPoints([[1.0], [1.1]], 0.1), ("min",), draws=4000, seed=2)
    assert shares[0] == pytest.approx(0.5 * (1 + math.erf(0.5)), abs=0.035)


def test_the_same_seed_gives_the_same_probability() -> None:
    arguments = (UncertainPoints([(1, 1), (1.1, 1.2)], 0.2), MIN_MAX, 50, 3)
    assert front_probability(*arguments).tolist() == front_probability(*arguments).tolist()


def test_an_unknown_uncertainty_gives_no_probability() -> None:
    shares = front_probability(
        UncertainPoints([(1, 1), (2, 2)], [(0, 0), (0, math.nan)]), MIN_MAX, 10
    )
    assert shares[0] == 1.0
    assert math.isnan(shares[1])


def test_no_points_have_no_probability() -> None:
    assert front_probability(UncertainPoints(np.empty((0, 2)), 0.0), MIN_MAX).shape == (0,)


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_the_hypervolume_of_certain_points_is_exact(objectives: int) -> None:
    points = np.random.default_rng(objectives).random((15, objectives))
    directions = ["min", "max", "min", "max"][:objectives]
    reference = [0.9, 0.1, 0.9, 0.1][:objectives]
    found = hypervolume_interval(UncertainPoints(points, 0.0), reference, directions, draws=3)
    expected = hypervolume(points, reference, directions)
    assert [found.value, found.mean, found.low, found.high] == pytest.approx([expected] * 4)


@pytest.mark.parametrize("objectives", [2, 3])
def test_the_interval_of_the_hypervolume_is_that_of_single_draws(objectives: int) -> None:
    means = np.random.default_rng(0).random((12, objectives))
    points, directions = UncertainPoints(means, 0.05, 0.1), ["min"] * objectives
    found = hypervolume_interval(points, np.ones(objectives), directions, draws=1500)
    chunks = draws_of(as_cloud(points), 1500, seed=9)
    each = [hypervolume(one, np.ones(objectives), directions) for c in chunks for one in c]
    expected = [np.mean(each), *np.quantile(each, [0.025, 0.975])]
    # A 2.5 % quantile of 1,500 normal draws has a standard error of 0.07 sd, a difference of two 0.1.
    sd = float(np.std(each))
    assert [found.mean, found.low, found.high] == pytest.approx(expected, abs=0.45 * sd)
    assert found.low < found.value < found.high


def test_points_beyond_the_reference_are_worth_nothing() -> None:
    found = hypervolume_interval(UncertainPoints([(5.0, 5.0)], 0.1), (1, 1), ("min", "min"))
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (UncertainPoints([(1, 1)], -1.0), "negative"),
        (UncertainPoints([(1, 1)], 0.0, instruments=["a", "b"]), "instruments"),
        (UncertainPoints([(1, 1)], 0.0, degrees_of_freedom=0), "degrees of freedom"),
    ],
)
def test_impossible_uncertainties_are_refused(points: UncertainPoints, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        front_probability(points, MIN_MAX)
