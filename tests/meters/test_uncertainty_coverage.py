from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from energy_traces import channel, weighed

from joulelab.records import Energy

Rng = np.random.Generator


def covered(simulate: Callable[[Rng], tuple[Energy, float]], runs: int, seed: int) -> float:
    """Share of runs whose true energy lies within two standard uncertainties."""
    rng = np.random.default_rng(seed)
    results = [simulate(rng) for _ in range(runs)]
    return float(np.mean([abs(seen.value_j - true) <= 2 * seen.u_j for seen, true in results]))


class SteppingLoad:
    """220 and 70 W by turns, each for an exponentially distributed time."""

    def __init__(self, rng: Rng, length_s: float, mean_s: float) -> None:
        holds = 0.05 + rng.exponential(mean_s, int(3 * length_s / mean_s) + 50)
        self.edges = np.concatenate(([0.0], np.cumsum(holds)))
        self.watts = np.where((np.arange(len(holds)) + rng.integers(2)) % 2, 220.0, 70.0)
        self.joules = np.concatenate(([0.0], np.cumsum(holds * self.watts)))

    def energy_j(self, at_s: np.ndarray | float) -> np.ndarray:
        return np.interp(at_s, self.edges, self.joules)

    def power_w(self, at_s: np.ndarray) -> np.ndarray:
        return self.watts[np.searchsorted(self.edges, at_s, side="right") - 1]


def noisy(rng: Rng) -> tuple[Energy, float]:
    times = np.arange(221) * 0.1
    true = 50 + 30 * np.sin(2 * np.pi * times / 8)
    stop = 18.0
    exact = 50 * 16 - 30 * 8 / (2 * np.pi) * (math.cos(np.pi * 4.5) - math.cos(np.pi / 2))
    return weighed(channel(), times, true + rng.normal(0, 5, 221), 2.0, stop), exact


def sampled(rng: Rng) -> tuple[Energy, float]:
    load = SteppingLoad(rng, 40, 1.5)
    times = rng.random() * 0.2 + np.arange(170) * 0.2
    start = 1 + rng.random()
    seen = weighed(channel(), times, load.power_w(times), start, start + 30)
    return seen, float(load.energy_j(start + 30) - load.energy_j(start))


def lagging(period_s: float, at_edges: bool) -> Callable[[Rng], tuple[Energy, float]]:
    def simulate(rng: Rng) -> tuple[Energy, float]:
        load = SteppingLoad(rng, 20, 1.0)
        start = 2 + rng.random()
        stop = start + 5
        timer = rng.random() * 0.1 + np.arange(100) * 0.1
        times = np.sort(np.concatenate((timer, [start, stop]))) if at_edges else timer
        phase = rng.random() * period_s
        refreshed = np.maximum(np.floor((times - phase) / period_s) * period_s + phase, 0)
        what = channel("counter", update_period_s=period_s)
        seen = weighed(what, times, load.energy_j(refreshed), start, stop)
        return seen, float(load.energy_j(stop) - load.energy_j(start))

    return simulate


def miscalibrated(rng: Rng) -> tuple[Energy, float]:
    times = np.arange(101) * 0.1
    power = 100 * (1 + rng.uniform(-0.02, 0.02)) + rng.uniform(-1, 1)
    what = channel(accuracy_absolute_w=1.0, accuracy_relative=0.02)
    return weighed(what, times, np.full(101, power), 0, 10), 1000.0


def rounded(rng: Rng) -> tuple[Energy, float]:
    times = np.arange(21) * 1.0
    power = rng.uniform(20, 30)
    return weighed(channel(resolution=1.0), times, np.full(21, round(power)), 0, 20), power * 20


def stepping(rng: Rng) -> tuple[Energy, float]:
    times, power = np.arange(21) * 1.0, rng.uniform(20, 30)
    values = np.floor((times * power + rng.random() * 10) / 10) * 10
    return weighed(channel("counter", resolution=10.0), times, values, 0, 20), power * 20


def unseen(rng: Rng) -> tuple[Energy, float]:
    """A phase ends somewhere in a gap that the counter bridges; the load changes there as well."""
    change, stop = rng.uniform(10, 20, 2)
    times = np.concatenate((np.arange(11), np.arange(20, 31))).astype(float)

    def energy_j(at: np.ndarray | float) -> np.ndarray:
        return 50 * np.minimum(at, change) + 120 * np.maximum(at - change, 0)

    what = channel("counter", power_max_w=150.0, wrap_j=1e5)
    return weighed(what, times, energy_j(times), 0, stop), float(energy_j(stop))


def few(samples: int) -> Callable[[Rng], tuple[Energy, float]]:
    """A short phase of steady power and new noise in every sample."""

    def simulate(rng: Rng) -> tuple[Energy, float]:
        times = np.arange(samples) * 1.0
        power = 50 + rng.normal(0, 5, samples)
        return weighed(channel(), times, power, 0.0, samples - 1.0), 50.0 * (samples - 1)

    return simulate


def misplaced(rng: Rng) -> tuple[Energy, float]:
    """The instrument's clock is off by a Gaussian 0.5 s; the load steps up before the phase ends."""
    times = np.arange(600) * 0.1
    true = 20 + 3.0 * times
    shift = rng.normal(0, 0.5)
    seen = weighed(channel(u_clock_s=0.5), times + shift, true, 20.0, 40.0)
    return seen, 20 * 20 + 1.5 * (40**2 - 20**2)


@pytest.mark.parametrize(
    "simulate",
    [
        pytest.param(noisy, id="noise in 160 samples"),
        pytest.param(few(50), id="noise in 50 samples"),
        pytest.param(few(20), id="noise in 20 samples"),
        pytest.param(few(10), id="noise in 10 samples"),
        pytest.param(few(6), id="noise in 6 samples"),
        pytest.param(misplaced, id="clock"),
    ],
)
def test_gaussian_errors_are_covered_as_two_standard_uncertainties_promise(
    simulate: Callable[[Rng], tuple[Energy, float]],
) -> None:
    assert 0.93 <= covered(simulate, 2000, seed=1) <= 0.97


@pytest.mark.parametrize(
    "simulate",
    [
        pytest.param(sampled, id="steps between samples"),
        pytest.param(lagging(0.1, at_edges=True), id="counter refreshed as often as it is read"),
        pytest.param(lagging(0.02, at_edges=True), id="counter refreshed faster"),
        pytest.param(lagging(0.001, at_edges=False), id="counter not read at the edges"),
        pytest.param(miscalibrated, id="gain and offset"),
        pytest.param(rounded, id="power in whole watts"),
        pytest.param(stepping, id="counter in steps of 10 J"),
        pytest.param(unseen, id="edge in a bridged gap"),
    ],
)
def test_bounded_errors_are_covered_at_least_as_often(
    simulate: Callable[[Rng], tuple[Energy, float]],
) -> None:
    assert covered(simulate, 600, seed=2) >= 0.93


@pytest.mark.parametrize("mean_s", [0.3, 1.5, 6.0])
def test_the_sampling_error_is_estimated_within_a_factor_of_two(mean_s: float) -> None:
    rng = np.random.default_rng(3)
    errors, estimates = [], []
    for _ in range(300):
        load = SteppingLoad(rng, 80, mean_s)
        times = rng.random() + np.arange(65)
        seen = weighed(channel(), times, load.power_w(times), 2, 62)
        errors.append(seen.value_j - float(load.energy_j(62.0) - load.energy_j(2.0)))
        estimates.append(seen.u_j)
    assert 0.9 <= math.sqrt(np.mean(np.square(estimates))) / np.std(errors) <= 2
