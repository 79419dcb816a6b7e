"""What a conformance row is made with: an instrument that plays a known load, and what befalls it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import ClassVar

FAULTS = {
    "plain": "nothing happens",
    "wrap": "the counter wraps, or the instrument restarts and counts from zero",
    "unreadable": "no reading for a while, the instrument itself goes on",
    "late start": "the instrument answers only some time after the run began",
    "slow answer": "each answer takes longer than the sampling period",
    "permission lost": "the right to read is taken away for the rest of the run",
    "clock step": "the instrument's own clock is set while the run goes",
    "disorder": "samples come twice and in the wrong order",
    "killed": "the process of the run is killed (SIGKILL)",
}

MEAN_W = 60.0
SWING_W = 15.0
PERIOD_S = 40.0
"""Slow enough that a trapezoid at 1 Hz is right to 0.02 % of the swing, and yet no constant."""


def power_w(time_s: float) -> float:
    return MEAN_W + SWING_W * math.sin(2 * math.pi * time_s / PERIOD_S)


def energy_j(start_s: float, stop_s: float) -> float:
    angular = 2 * math.pi / PERIOD_S
    swing_j = SWING_W / angular * (math.cos(angular * start_s) - math.cos(angular * stop_s))
    return MEAN_W * (stop_s - start_s) + swing_j


class World:
    """One instrument below `folder`, at rest until `start`.

    `start(fault, from_s, for_s)`: `fault` (a key of FAULTS) lies in [from_s, from_s + for_s) after the
    start, "permission lost" from from_s to the end, "late start" in [0, for_s) whatever `from_s`,
    "killed" is done by whoever runs it. `not_applicable` says why a fault cannot befall this instrument.
    `meter()` is a new meter for it, sampled every `period_s`; the channel `judged` counts or shows
    `power_w` of the seconds since the start, scaled by nothing. `wall_ns` may differ from this host's
    clock where the instrument has its own.
    """

    name: ClassVar[str]
    judged: ClassVar[str]
    period_s: ClassVar[float] = 0.1
    not_applicable: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start_ns = 0
        self.fault = "plain"
        self.from_s = self.to_s = 0.0

    def start(self, fault: str = "plain", from_s: float = 2.0, for_s: float = 1.5) -> None:
        self.start_ns = time.monotonic_ns()
        self.fault = fault
        self.from_s = 0.0 if fault == "late start" else from_s
        self.to_s = math.inf if fault == "permission lost" else self.from_s + for_s
        self.begin()

    def meter(self):
        raise NotImplementedError

    def begin(self) -> None:
        """Subclasses set the instrument going here (threads, servers, files)."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def seconds(self, at_ns: int | None = None) -> float:
        return ((time.monotonic_ns() if at_ns is None else at_ns) - self.start_ns) / 1e9

    def struck(self, *faults: str) -> bool:
        """Whether one of these befalls the instrument right now."""
        return self.fault in faults and self.from_s <= self.seconds() < self.to_s

    def true_j(self, start_ns: int, stop_ns: int) -> float:
        return energy_j(self.seconds(start_ns), self.seconds(stop_ns))

    def visible(self, start_ns: int, stop_ns: int) -> float:
        """The share of the interval in which the instrument could be read."""
        if self.fault not in ("unreadable", "late start", "permission lost"):
            return 1.0
        first, last = self.seconds(start_ns), self.seconds(stop_ns)
        hidden = max(0.0, min(last, self.to_s) - max(first, self.from_s))
        return 1.0 - hidden / (last - first)
