"""Counters that somebody else recorded: wraps, restarts, and what cannot be known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.energy.counters import unwrap

S = 1_000_000_000


def seconds(*at_s):
    return np.array([round(each * S) for each in at_s], dtype=np.int64)


def joules(times_ns, values):
    """In order of time, the marks left out; and how many of them there were."""
    order = np.argsort(times_ns)
    ordered = values[order]
    return ordered[~np.isposinf(ordered)].tolist(), int(np.isposinf(ordered).sum())


def test_counts_from_the_first_reading():
    times, values = unwrap(seconds(0, 1, 2), np.array([50.0, 60.0, 75.0]))
    assert values.tolist() == [0.0, 10.0, 25.0]
    assert times.tolist() == [0, S, 2 * S]


def test_a_wrap_is_undone():
    _, values = unwrap(seconds(0, 1, 2), np.array([95.0, 5.0, 15.0]), 100.0, 20.0)
    assert values.tolist() == [0.0, 10.0, 20.0]


def test_a_fall_without_a_known_wrap_is_a_restart_just_before_the_reading():
    times, values = unwrap(seconds(0, 1, 2), np.array([95.0, 5.0, 15.0]))
    assert joules(times, values) == ([0.0, 0.0, 10.0], 1)
    assert times[np.isposinf(values)].tolist() == [S - 1]


@pytest.mark.parametrize(
    ("raw", "wrap_j", "power_max_w"),
    [
        ([40.0, 5.0, 15.0], 1000.0, 20.0),
        ([150.0, 5.0, 15.0], 100.0, 80.0),
        ([40.0, 500.0, 510.0], 1000.0, 20.0),
    ],
    ids=["more than its power", "above its range", "a leap"],
)
def test_what_the_range_does_not_explain_is_a_restart(raw, wrap_j, power_max_w):
    times, values = unwrap(seconds(0, 1, 2), np.array(raw), wrap_j, power_max_w)
    assert joules(times, values) == ([0.0, 0.0, 10.0], 1)


def test_a_pause_in_which_it_may_have_wrapped_twice_is_not_counted():
    times, values = unwrap(seconds(0, 60, 61), np.array([10.0, 20.0, 30.0]), 100.0, 20.0)
    assert joules(times, values) == ([0.0, 0.0, 10.0], 1)


def test_no_answer_stays_none():
    _, values = unwrap(seconds(0, 1, 2), np.array([10.0, math.nan, 30.0]))
    assert values[[0, 2]].tolist() == [0.0, 20.0]
    assert math.isnan(values[1])


@pytest.mark.parametrize("raw", [[], [5.0], [math.nan]])
def test_too_few_readings_are_no_error(raw):
    times, values = unwrap(seconds(*range(len(raw))), np.array(raw), 100.0, 20.0)
    assert len(times) == len(values) == len(raw)


@given(
    st.lists(st.floats(0.0, 90.0), min_size=1, max_size=50),
    st.floats(0.0, 999.0),
)
def test_whatever_the_load_a_wrapping_counter_gives_its_joules(power_w, start_j):
    total = start_j + np.concatenate(([0.0], np.cumsum(power_w)))
    times = seconds(*range(len(total)))
    got_times, values = unwrap(times, total % 1000.0, 1000.0, 100.0)
    assert got_times.tolist() == times.tolist()
    np.testing.assert_allclose(values, total - start_j, atol=1e-6)


@given(st.lists(st.floats(0.0, 1e6) | st.just(math.nan), max_size=30))
def test_whatever_is_read_the_joules_never_fall(raw):
    times, values = unwrap(seconds(*range(len(raw))), np.array(raw))
    known, _ = joules(times, values)
    finite = [value for value in known if not math.isnan(value)]
    assert finite == sorted(finite)
