"""How far a server's clock is off, from whole seconds in its answers."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_plug import FakePlug, Reply

from joulelab.meters.transport.clock import ask_dates, from_dates, to_monotonic_ns
from joulelab.meters.transport.http import Endpoint
from joulelab.meters.transport.http import Reply as Answer
from joulelab.records import Instant


def answers(offset_s, delays_s, spacing_s):
    """What a server says whose clock is `offset_s` ahead, answering at once after half the delay."""
    now_ns = time.monotonic_ns()
    wall_minus_monotonic_s = (time.time_ns() - now_ns) / 1e9
    found = []
    for number, delay_s in enumerate(delays_s):
        asked_ns = now_ns - round((len(delays_s) - number) * spacing_s * 1e9)
        answered_ns = asked_ns + round(delay_s * 1e9)
        at_s = (asked_ns + answered_ns) / 2e9 + wall_minus_monotonic_s + offset_s
        found.append(Answer(200, b"", asked_ns, answered_ns, float(math.floor(at_s))))
    return found


@given(
    st.floats(-1e5, 1e5),
    st.lists(st.floats(0.001, 0.3), min_size=1, max_size=12),
    st.floats(0.05, 0.4),
)
def test_true_offset_lies_within_the_bound(offset_s, delays_s, spacing_s):
    found_s, u_s = from_dates(answers(offset_s, delays_s, spacing_s))
    assert abs(found_s - offset_s) <= u_s * math.sqrt(3) + 1e-3


def test_questions_over_a_second_know_better_than_one():
    _, one = from_dates(answers(0.0, [0.01], 0.1))
    _, many = from_dates(answers(0.0, [0.01] * 12, 0.09))
    assert one == pytest.approx(1.01 / 2 / math.sqrt(3), rel=0.01)
    assert many < one / 4


def test_clock_that_was_set_in_between_widens_the_doubt():
    found = answers(0.0, [0.01] * 3, 0.1) + answers(30.0, [0.01] * 3, 0.1)
    offset_s, u_s = from_dates(found)
    assert abs(offset_s - 0.0) <= u_s * math.sqrt(3) + 1e-3
    assert abs(offset_s - 30.0) <= u_s * math.sqrt(3) + 1e-3


def test_server_without_a_date_tells_nothing():
    offset_s, u_s = from_dates([Answer(200, b"", 1, 2, None)])
    assert math.isnan(offset_s)
    assert math.isinf(u_s)


def test_asks_a_real_server_whose_clock_is_ahead():
    class Server(FakePlug):
        def answer(self, request):
            return Reply(200, {})

    with Server() as server:
        server.clock_ahead_s = 12.25
        endpoint = Endpoint(server.host, where="meter.plug.host")
        offset_s, u_s = ask_dates(endpoint)
        endpoint.close()
    assert abs(offset_s - 12.25) <= u_s * math.sqrt(3) + 0.01
    assert u_s < 0.3


@given(
    st.floats(1e9, 2e9),
    st.floats(-1e4, 1e4),
    st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20),
)
def test_stamps_come_to_this_host_s_clock(wall_s, offset_s, seconds):
    anchor = Instant(5_000_000_000_000, round(wall_s * 1e9))
    stamps = wall_s + offset_s + np.array(seconds)
    found = to_monotonic_ns(stamps, anchor, offset_s)
    assert found == pytest.approx(anchor.monotonic_ns + np.array(seconds) * 1e9, abs=2e3)
