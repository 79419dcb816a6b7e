"""CodeCarbon's memory: a constant power by its own model, so that its sum has a known answer."""

from __future__ import annotations

import functools
import logging
from typing import ClassVar

from support.worlds.base import World

from joulelab.meters.codecarbon import CodeCarbon


class CodeCarbonWorld(World):
    """True is CodeCarbon's own figure for this machine's memory x time: the row says that its joules
    arrive whole, and nothing about how far they are from a wattmeter (declared: 40 %)."""

    name = "codecarbon"
    judged = "dram"
    period_s = 0.5
    not_applicable: ClassVar[dict[str, str]] = {
        "wrap": "adds up in memory",
        "unreadable": "a model of this machine, always there; over RAPL see the peers' table",
        "late start": "a model of this machine, always there",
        "slow answer": "a model of this machine, always there",
        "permission lost": "over RAPL see the peers' table",
        "clock step": "stamped by its own perf_counter, which is monotonic",
        "disorder": "one running sum",
    }

    def meter(self) -> CodeCarbon:
        return CodeCarbon(period_s=self.period_s)

    def begin(self) -> None:
        self._memory_w()

    def stop(self) -> None:
        return

    def true_j(self, start_ns: int, stop_ns: int) -> float:
        return self._memory_w() * (stop_ns - start_ns) / 1e9

    @functools.cache  # noqa: B019 lives as long as its world
    def _memory_w(self) -> float:
        from codecarbon.external.ram import RAM

        logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
        return RAM(tracking_mode="machine").total_power().W
