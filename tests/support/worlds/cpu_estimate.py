"""A process whose CPU time is known: what the estimate's own model calls its energy."""

from __future__ import annotations

import bisect
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

from support.worlds.base import World

from joulelab.meters.cpu_estimate import CpuEstimate

WATTS_PER_CORE = 300.0
BUSY = """
import sys, time
while sys.stdin.readable():
    until = time.perf_counter() + 0.01
    while time.perf_counter() < until:
        pass
    time.sleep(0.04)
"""


class CpuEstimateWorld(World):
    """True is CPU time x watts, the CPU time being the kernel's own count: the row says how well the
    model is followed, and nothing about how far it is from a wattmeter (declared: 50 %)."""

    name = "cpu_estimate"
    judged = "cpu"
    not_applicable: ClassVar[dict[str, str]] = {
        "wrap": "CPU time is 64 bits of nanoseconds",
        "unreadable": "a process may always read its own tree's CPU time",
        "late start": "the process it weighs is there before it",
        "slow answer": "the kernel's own count",
        "permission lost": "a process may always read its own tree's CPU time",
        "clock step": "stamped by this host's monotonic clock",
        "disorder": "one live value, none is kept",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._process = subprocess.Popen([sys.executable, "-S", "-E", "-c", BUSY])
        # The encoding of clock_getcpuclockid(3).
        self._clock = ~self._process.pid << 3 | 2
        self._times_ns: list[int] = []
        self._cpu_s: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def meter(self) -> CpuEstimate:
        return CpuEstimate(watts_per_core=WATTS_PER_CORE, pid=self._process.pid)

    def begin(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self._process.kill()
        self._process.wait()

    def true_j(self, start_ns: int, stop_ns: int) -> float:
        return WATTS_PER_CORE * (self._at(stop_ns) - self._at(start_ns))

    def _watch(self) -> None:
        while not self._ended.wait(0.001):
            cpu_s = time.clock_gettime(self._clock)
            self._times_ns.append(time.monotonic_ns())
            self._cpu_s.append(cpu_s)

    def _at(self, time_ns: int) -> float:
        after = min(max(bisect.bisect(self._times_ns, time_ns), 1), len(self._times_ns) - 1)
        (t0, t1), (c0, c1) = (each[after - 1 : after + 1] for each in (self._times_ns, self._cpu_s))
        return c0 + (c1 - c0) * (time_ns - t0) / (t1 - t0)
