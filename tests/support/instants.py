"""Moments on both clocks."""

from __future__ import annotations

import time

from joulelab.records import Instant

S = 1_000_000_000


def now() -> Instant:
    return Instant(time.monotonic_ns(), time.time_ns())


def past(seconds: float) -> tuple[Instant, Instant]:
    """An interval that ended two seconds ago."""
    shift_ns = time.monotonic_ns() - time.time_ns()
    stop_ns = time.time_ns() - 2 * S
    start_ns = stop_ns - round(seconds * S)
    return Instant(start_ns + shift_ns, start_ns), Instant(stop_ns + shift_ns, stop_ns)
