"""How far another clock is from this host's, and how well that is known."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from joulelab.meters.energy.curves import Floats, Times
from joulelab.meters.transport.http import Endpoint, Reply
from joulelab.records import Instant
from joulelab.units import NS_PER_S

DATE_STEP_S = 1.0
ASKED = 6
SPREAD_S = 0.5


def from_dates(replies: Sequence[Reply]) -> tuple[float, float]:
    """Server's clock minus this host's wall clock in s, and its standard uncertainty.

    A Date header is the server's time cut to whole seconds, somewhere between question and answer:
    each reply bounds the offset from both sides, and all of them together bound it best where they
    are spread over a second. Half the width over sqrt 3 (JCGM 100:2008, 4.3.7). NaN and infinity
    where no reply has a Date; the clock was set in between where the bounds contradict each other,
    and then they all count.
    """
    wall_minus_monotonic_ns = time.time_ns() - time.monotonic_ns()
    least, most = [], []
    for reply in replies:
        if reply.date_s is not None:
            asked_s = (reply.asked_ns + wall_minus_monotonic_ns) / NS_PER_S
            answered_s = (reply.answered_ns + wall_minus_monotonic_ns) / NS_PER_S
            least.append(reply.date_s - answered_s)
            most.append(reply.date_s + DATE_STEP_S - asked_s)
    if not least:
        return math.nan, math.inf
    low, high = max(least), min(most)
    if low > high:
        low, high = min(least), max(most)
    return (low + high) / 2, (high - low) / 2 / math.sqrt(3)


def ask_dates(endpoint: Endpoint, path: str = "/") -> tuple[float, float]:
    """`from_dates` of a few questions, spread over half a second."""
    replies = []
    for number in range(ASKED):
        if number:
            time.sleep(SPREAD_S / (ASKED - 1))
        replies.append(endpoint.get(path))
    return from_dates(replies)


def to_monotonic_ns(wall_s: Floats | float, anchor: Instant, offset_s: float = 0.0) -> Times:
    """(n,) epoch seconds of a clock that is `offset_s` ahead, on this host's monotonic clock."""
    seconds = np.asarray(wall_s, dtype=np.float64) - offset_s - anchor.wall_ns / NS_PER_S
    return np.round(seconds * NS_PER_S).astype(np.int64) + anchor.monotonic_ns
