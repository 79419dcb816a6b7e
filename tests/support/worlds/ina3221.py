"""A Jetson whose total rail is known, and two rails inside it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from support.fake_ina3221 import FakeIna3221
from support.worlds.base import World, power_w

from joulelab.meters.ina3221 import Ina3221


class Ina3221World(World):
    name = "ina3221"
    judged = "VDD_IN"
    not_applicable: ClassVar = {
        "wrap": "shows power, counts nothing",
        "slow answer": "a file in sysfs; the meter has a thread of its own where the bus is slow",
        "clock step": "stamped by this host's monotonic clock",
        "disorder": "one live value, none is kept by the chip",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        rails = {
            "VDD_IN": power_w,
            "VDD_CPU_GPU_CV": lambda seconds: 0.6 * power_w(seconds),
            "VDD_SOC": lambda seconds: 0.2 * power_w(seconds),
        }
        self.fake = FakeIna3221(folder, rails, hidden=self._hidden)

    def meter(self) -> Ina3221:
        return Ina3221(root=str(self.folder))

    def begin(self) -> None:
        self.fake.start(self.start_ns)

    def stop(self) -> None:
        self.fake.stop()

    def _hidden(self, seconds: float) -> bool:
        return self.struck("unreadable", "late start", "permission lost")
