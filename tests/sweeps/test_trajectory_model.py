from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.sweeps.trajectory.evidence import Evidence, fit
from joulelab.sweeps.trajectory.kernel import TREND, Kernel, Rows, prior
from joulelab.sweeps.trajectory.model import CurveModel

PARAMETERS = 3
seeds = st.integers(0, 2**31)


def some_rows(random: np.random.Generator, count: int = 14) -> Rows:
    """Two features belong to the last parameter."""
    places = np.array([0.0, 0.3, 0.55, 1.0])
    return Rows(
        random.random((count, PARAMETERS + 1)),
        np.array([0, 1, 2, 2]),
        places,
        random.integers(len(places), size=count),
        random.uniform(0.5, 2.0, count),
    )


def some_kernel(random: np.random.Generator) -> Kernel:
    mean, _ = prior(PARAMETERS)
    return Kernel(mean + 0.5 * random.standard_normal(len(mean)), PARAMETERS)


def covariance_by_definition(
    kernel: Kernel, x: np.ndarray, other: np.ndarray, owner: np.ndarray, places: tuple[float, float]
) -> float:
    a, b = places
    gap, spread = abs(a - b), float(np.prod(kernel.spread(np.array(places))))
    s1, s2, s3, a1, a2 = kernel.amplitudes
    scaled = sum(
        (a - b) ** 2 / kernel.lengths[j] ** 2 for a, b, j in zip(x, other, owner, strict=True)
    )
    r = math.sqrt(5 * scaled)
    unit = (1 + r + r * r / 3) * math.exp(-r)
    return (
        spread * unit * (s1 * math.exp(-gap / a1) + s3) + s2 * math.exp(-gap / a2) + TREND * a * b
    )


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_predictions_are_those_of_a_plain_dense_process(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, kernel = some_rows(random), some_kernel(random)
    values = 3.0 + 2.0 * random.standard_normal(len(rows))
    asked, places = random.random((5, PARAMETERS + 1)), np.array([0.1, 0.8])
    mean, sd = CurveModel(kernel, rows, values).predict(asked, places)

    where = rows.places[rows.at]

    def k(x: np.ndarray, place: float, row: int) -> float:
        both = (place, where[row])
        return covariance_by_definition(kernel, x, rows.features[row], rows.owner, both)

    matrix = np.array(
        [[k(x, p, j) for j in range(len(rows))] for x, p in zip(rows.features, where, strict=True)]
    )
    matrix += np.diag(kernel.noise * rows.noise_scale)
    standard = (values - values.mean()) / values.std()
    for i, x in enumerate(asked):
        for j, place in enumerate(places):
            cross = np.array([k(x, place, row) for row in range(len(rows))])
            expected = values.mean() + values.std() * cross @ np.linalg.solve(matrix, standard)
            prior_variance = kernel.variance(np.array([place]))[0]
            variance = prior_variance - cross @ np.linalg.solve(matrix, cross)
            # In single precision: what counts is the error beside the sd of what is predicted.
            exact_sd = values.std() * math.sqrt(variance)
            assert mean[i, j] == pytest.approx(expected, abs=0.002 * exact_sd)
            assert sd[i, j] == pytest.approx(exact_sd, rel=0.002)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_gradient_is_that_of_the_evidence(seed: int) -> None:
    random = np.random.default_rng(seed)
    evidence = Evidence(some_rows(random), random.standard_normal(14))
    theta = some_kernel(random).theta
    _, gradient = evidence(theta)
    steps = 1e-5 * np.eye(len(theta))
    by_differences = [(evidence(theta + s)[0] - evidence(theta - s)[0]) / 2e-5 for s in steps]
    assert gradient == pytest.approx(by_differences, rel=1e-3, abs=1e-4)


def test_a_fit_sees_which_parameter_matters() -> None:
    random = np.random.default_rng(3)
    rows = some_rows(random, 120)
    values = np.sin(6 * rows.features[:, 0]) + 0.05 * random.standard_normal(len(rows))
    kernel = fit(rows, (values - values.mean()) / values.std(), 60)
    assert kernel.lengths[0] < 0.5 * kernel.lengths[1:].min()


def test_noise_is_smoothed_away() -> None:
    random = np.random.default_rng(4)
    rows = some_rows(random, 150)
    truth = rows.features[:, 0]
    values = truth + 0.2 * random.standard_normal(len(rows))
    kernel = fit(rows, (values - values.mean()) / values.std(), 60)
    mean, _ = CurveModel(kernel, rows, values).predict(rows.features, rows.places)
    found = mean[np.arange(len(rows)), rows.at]
    assert np.abs(found - truth).mean() < 0.4 * np.abs(values - truth).mean()


def test_a_fit_sees_that_configurations_differ_late_only() -> None:
    random = np.random.default_rng(5)
    rows = some_rows(random, 120)
    values = np.where(rows.places[rows.at] > 0.5, np.sin(6 * rows.features[:, 0]), 0.0)
    kernel = fit(rows, (values - values.mean()) / values.std(), 60)
    early, late = kernel.spread(np.array([0.0, 1.0]))
    assert late > 3 * early


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_joint_prediction_agrees_with_the_others(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = some_rows(random)
    model = CurveModel(some_kernel(random), rows, random.standard_normal(len(rows)))
    asked, places = random.random((1, PARAMETERS + 1)), np.array([0.1, 0.4, 0.8])
    mean, covariance, noise = model.joint(asked, places)
    means, sds = model.predict(asked, places)
    assert noise > 0
    assert mean == pytest.approx(means[0], rel=1e-3, abs=1e-3)
    assert np.sqrt(covariance.diagonal()) == pytest.approx(sds[0], rel=5e-3, abs=1e-3)
    assert np.linalg.eigvalsh(covariance).min() > -1e-6


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_what_was_seen_at_a_step_is_no_longer_in_doubt_there(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, kernel = some_rows(random), some_kernel(random)
    kernel = Kernel(np.append(kernel.theta[:-1], math.log(1e-6)), PARAMETERS)
    _, sd = CurveModel(kernel, rows, random.standard_normal(len(rows))).predict(
        rows.features, rows.places
    )
    prior_sd = np.sqrt(kernel.variance(rows.places))
    assert (sd[np.arange(len(rows)), rows.at] < 0.05 * prior_sd[rows.at]).all()
