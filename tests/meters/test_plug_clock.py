"""A plug's uptime on this host's clock, through exchanges that take their time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.meters.plug_clock import DRIFT, PlugClock
from joulelab.meters.transport.http import Reply

HOST_NS = 9_000_000_000_000


def exchanged(seconds, delays_s, shares, drift):
    """Asked at those seconds; `shares` of each delay had passed when the plug read its clock."""
    clock = PlugClock()
    for second, delay_s, share in zip(seconds, delays_s, shares, strict=True):
        asked_ns = HOST_NS + round(second * 1e9)
        read_s = second + share * delay_s
        reply = Reply(200, b"", asked_ns, asked_ns + round(delay_s * 1e9), None)
        clock.add(1e6 + read_s * 1e3 * (1 + drift), reply)
    return clock


def error_s(clock, at_s, drift):
    found = clock.monotonic_ns(1e6 + np.asarray(at_s) * 1e3 * (1 + drift))
    return np.abs(found - HOST_NS - np.asarray(at_s) * 1e9) / 1e9


def test_symmetrical_exchange_is_exact():
    clock = exchanged([0.0], [0.2], [0.5], 0.0)
    assert error_s(clock, [0.0, 5.0], 0.0) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("drift", [-DRIFT, DRIFT])
def test_drift_is_followed(drift):
    """50 ppm are 0.18 s in an hour."""
    seconds = np.arange(0, 3600.0)
    clock = exchanged(seconds, np.full(3600, 0.02), np.full(3600, 0.5), drift)
    assert error_s(clock, seconds, drift).max() < 1e-3


def test_slow_exchange_says_nothing_beside_a_quick_one():
    clock = exchanged([0.0, 11.0, 22.0], [0.01, 2.0, 0.01], [0.5, 1.0, 0.5], 0.0)
    assert error_s(clock, [11.0], 0.0)[0] < 0.01


def test_hour_of_slow_exchanges_is_followed_though_one_was_quick_before():
    seconds = np.arange(0, 3600.0, 10)
    delays = np.where(seconds == 0, 0.001, 0.06)
    clock = exchanged(seconds, delays, np.full(len(seconds), 0.5), DRIFT)
    assert error_s(clock, seconds, DRIFT).max() < 0.04


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.001, 1.0), st.floats(0, 1), st.floats(0.5, 60)),
        min_size=1,
        max_size=60,
    ),
    st.floats(-DRIFT, DRIFT),
)
def test_no_stamp_errs_by_more_than_its_nearest_exchange_allows(exchanges, drift):
    delays, shares, waits = (np.array(each) for each in zip(*exchanges, strict=True))
    seconds = np.cumsum(waits)
    clock = exchanged(seconds, delays, shares, drift)
    bounds = delays[None, :] / 2 + DRIFT * np.abs(seconds[:, None] - seconds[None, :])
    # Linear between two that count: neither errs by more than its own bound.
    assert np.all(error_s(clock, seconds, drift) <= bounds.max(axis=1) + 2 * DRIFT * 10 + 1e-6)
