from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from support.shared_data import change_runs, needs_shared_data

from joulelab.stats.agreement import deming, least_squares, york
from joulelab.stats.bland_altman import bland_altman
from joulelab.stats.clock import clock


def readings(n: int = 50, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth 0 to 100, y = 3 + 0.5 truth, errors of 4 in x and 2 in y."""
    random = np.random.default_rng(seed)
    truth = random.uniform(0, 100, n)
    return truth + random.normal(0, 4, n), 3 + 0.5 * truth + random.normal(0, 2, n)


def test_least_squares_is_scipys() -> None:
    x, y = readings()
    ours, theirs = least_squares(x, y), stats.linregress(x, y)
    assert [ours.slope, ours.offset] == pytest.approx([theirs.slope, theirs.intercept])
    assert [ours.u_slope, ours.u_offset] == pytest.approx([theirs.stderr, theirs.intercept_stderr])


def test_deming_minimises_what_it_says() -> None:
    """Sum of squared distances, x's in units of its error and y's of its own, over the best truth."""
    x, y = readings()
    ratio = 0.25

    def squares(slope: float, offset: float) -> float:
        residual = y - offset - slope * x
        return float((residual**2 / (ratio + slope**2)).sum())

    found = deming(x, y, ratio)
    best = squares(found.slope, found.offset)
    for ds, do in [(1e-3, 0), (-1e-3, 0), (0, 1e-2), (0, -1e-2)]:
        assert squares(found.slope + ds, found.offset + do) > best


@given(st.floats(0.1, 10))
def test_swapping_the_instruments_inverts_the_line(ratio: float) -> None:
    x, y = readings()
    one, other = deming(x, y, ratio), deming(y, x, 1 / ratio)
    assert one.slope * other.slope == pytest.approx(1.0)


def test_the_jackknife_is_that_of_leaving_out_each_run() -> None:
    x, y = readings(12)
    slopes = [deming(np.delete(x, i), np.delete(y, i), 0.25).slope for i in range(12)]
    expected = math.sqrt(11 / 12 * np.sum((np.array(slopes) - np.mean(slopes)) ** 2))
    assert deming(x, y, 0.25).u_slope == pytest.approx(expected)


def test_york_with_one_uncertainty_for_all_is_deming() -> None:
    x, y = readings()
    a, b = york(x, y, 4.0, 2.0), deming(x, y, 0.25)
    assert [a.slope, a.offset] == pytest.approx([b.slope, b.offset])


def test_york_reaches_the_published_values_of_pearsons_data() -> None:
    """Pearson's data with York's weights: slope -0.4805 ± 0.0580, intercept 5.480 ± 0.295 (York et al.
    2004, table II and text)."""
    x = [0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4]
    y = [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5]
    weight_x = np.array([1e3, 1e3, 5e2, 8e2, 2e2, 8e1, 6e1, 2e1, 1.8, 1.0])
    weight_y = np.array([1.0, 1.8, 4.0, 8.0, 20.0, 20.0, 70.0, 70.0, 1e2, 5e2])
    found = york(x, y, weight_x**-0.5, weight_y**-0.5)
    assert [found.slope, found.offset] == pytest.approx([-0.480533, 5.47991], abs=1e-5)
    assert [found.u_slope, found.u_offset] == pytest.approx([0.0580, 0.295], abs=1e-3)


def test_error_in_both_bends_least_squares_alone() -> None:
    fits = [readings(200, seed) for seed in range(60)]
    plain = np.mean([least_squares(x, y).slope for x, y in fits])
    both = np.mean([deming(x, y, 0.25).slope for x, y in fits])
    stated = np.mean([deming(x, y, 0.25).u_slope for x, y in fits])
    seen = np.std([deming(x, y, 0.25).slope for x, y in fits])
    assert plain < 0.5 - 5e-3
    assert both == pytest.approx(0.5, abs=2e-3)
    assert stated == pytest.approx(seen, rel=0.3)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_runs_have_no_line(n: int) -> None:
    x, y = readings(n)
    assert math.isnan(least_squares(x, y).slope)
    assert math.isnan(deming(x, y).slope)
    assert math.isnan(york(x, y, 1.0, 1.0).slope)
    assert math.isnan(bland_altman(x, y).bias)
    assert math.isnan(clock(x, y).r)


def test_readings_that_do_not_vary_have_no_line() -> None:
    assert math.isnan(least_squares([1.0] * 5, [1, 2, 3, 4, 5]).slope)
    assert math.isnan(deming([1, 2, 3, 4, 5], [1.0] * 5).slope)


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        deming([1, 2, 3], [1, 2, 3], 0.0)
    with pytest.raises(ValueError, match="no pairs"):
        least_squares([1, 2, 3], [1, 2])


def test_the_limits_hold_the_differences() -> None:
    random = np.random.default_rng(0)
    x = random.uniform(50, 100, 4000)
    found = bland_altman(x, x + random.normal(2, 3, 4000))
    assert found.bias == pytest.approx(2, abs=4 * found.u_bias)
    inside = (found.differences > found.low) & (found.differences < found.high)
    assert inside.mean() == pytest.approx(0.95, abs=0.015)


def test_the_uncertainty_of_a_limit_is_how_it_scatters() -> None:
    random = np.random.default_rng(1)
    found = [bland_altman(np.zeros(20), random.normal(size=20)) for _ in range(1500)]
    seen = np.std([each.high for each in found])
    assert np.mean([each.u_limit for each in found]) == pytest.approx(seen, rel=0.08)


def test_ratios_leave_out_zeros_and_say_so() -> None:
    random = np.random.default_rng(2)
    x = np.exp(random.uniform(0, 8, 500))
    y = 2 * x * np.exp(0.1 * random.normal(size=500))
    y[:7] = 0.0
    found = bland_altman(x, y, ratio=True)
    assert (found.n, found.left_out) == (493, 7)
    assert found.bias == pytest.approx(2, abs=0.05)
    assert found.high / found.bias == pytest.approx(math.exp(0.196), abs=0.05)


@settings(max_examples=20, deadline=None)
@given(st.floats(1, 500), st.integers(0, 99))
def test_constant_power_is_a_clock(power: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    duration = np.exp(random.uniform(0, 6, 40))
    found = clock(power * duration * (1 + 0.01 * random.normal(size=40)), duration)
    assert found.is_clock
    assert found.mean_w == pytest.approx(power, rel=0.01)


def test_power_that_depends_on_the_work_is_no_clock() -> None:
    random = np.random.default_rng(0)
    duration = np.exp(random.uniform(0, 6, 100))
    found = clock(random.uniform(20, 200, 100) * duration, duration)
    assert not found.is_clock
    assert found.r > 0.5


@needs_shared_data
def test_the_studys_line_is_reproduced_and_rests_on_its_longest_runs() -> None:
    runs = change_runs()
    plug, estimate = runs["energy_plug_kwh"], runs["energy_codecarbon_kwh"]
    fit = least_squares(plug, estimate)
    assert fit.offset == pytest.approx(0.0012140, abs=5e-8)
    assert fit.slope == pytest.approx(0.490173, abs=5e-7)
    short = runs["duration_s"] <= 300
    assert (~short).sum() == 20
    # In kWh the page's "without them" is the slope of all runs up to 300 s, zeros included.
    assert least_squares(plug[short], estimate[short]).slope == pytest.approx(0.851, abs=5e-4)


@needs_shared_data
def test_codecarbon_was_a_clock_in_the_study() -> None:
    runs = change_runs()
    found = clock(runs["energy_codecarbon_kwh"] * 3.6e6, runs["duration_s"])
    assert found.is_clock
    assert found.mean_w == pytest.approx(75.5, abs=0.05)
    assert found.sd_w == pytest.approx(3.9, abs=0.05)
    assert not clock(runs["energy_plug_kwh"] * 3.6e6, runs["duration_s"]).is_clock
