"""A GPU whose energy counter is known."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from support.fake_nvml import NO_PERMISSION, UNKNOWN, FakeGpu, FakeNvml
from support.worlds.base import MEAN_W, World, energy_j

from joulelab.meters.nvml import Nvml

REFRESH_S = 0.002
"""A real card's counter moves every 0.1 s: declared in the channel, and up to P x 0.1 s at each end of a
phase. Here it moves fast, so that a short window shows the meter's own error."""


class NvmlWorld(World):
    name = "nvml"
    judged = "gpu-0"
    not_applicable: ClassVar = {
        "clock step": "stamped by this host's monotonic clock",
        "disorder": "one live value, none is kept by the card",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gpu = FakeGpu(watts=MEAN_W)
        self.fake = FakeNvml(folder, [self.gpu])

    def meter(self) -> Nvml:
        return Nvml(library=self.fake.library)

    def begin(self) -> None:
        self._strike(0.0)
        self.fake.play(self._counted_j, REFRESH_S, self.start_ns, self._strike)

    def stop(self) -> None:
        self.fake.stop()

    def _counted_j(self, seconds: float) -> float:
        if self.fault == "wrap" and seconds >= self.from_s:
            return energy_j(self.from_s, seconds) - self.gpu.energy_j
        return energy_j(0.0, seconds)

    def _strike(self, seconds: float) -> None:
        gpu = self.fake.gpus[0]
        gpu.energy_error = UNKNOWN if self.struck("unreadable", "late start") else 0
        gpu.error = NO_PERMISSION if self.struck("permission lost") else 0
        self.fake.state.delay_us = 150_000 if self.struck("slow answer") else 0
