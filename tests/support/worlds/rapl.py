"""A CPU package whose powercap counter is known, with its cores and memory."""

from __future__ import annotations

from typing import ClassVar

from support.fake_powercap import RANGE_UJ, FakePowercap, FakeZone, mmio
from support.worlds.base import World, energy_j, power_w

from joulelab.meters.rapl import Rapl


class RaplWorld(World):
    name = "rapl"
    judged = "package-0"
    not_applicable: ClassVar[dict[str, str]] = {
        "slow answer": "a file in sysfs, answered from a register",
        "clock step": "stamped by this host's monotonic clock",
        "disorder": "one live value, none is kept by the CPU",
    }

    def meter(self) -> Rapl:
        return Rapl(str(self.folder / "powercap"), via="powercap")

    def begin(self) -> None:
        wraps = self.fault == "wrap"
        start_uj = RANGE_UJ - round(energy_j(0.0, self.from_s) * 1e6) if wraps else 1_000_000
        hidden = self.fault in ("unreadable", "late start")
        self.tree = FakePowercap(
            self.folder / "powercap",
            [
                FakeZone("package-0", power_w, start_uj=start_uj, power_max_w=125.0),
                FakeZone("core", lambda seconds: 0.7 * power_w(seconds), parent="package-0"),
                FakeZone("dram", lambda seconds: 0.2 * power_w(seconds), parent="package-0"),
                mmio(),
            ],
            hidden_s=(self.from_s, self.to_s) if hidden else None,
            denied_from_s=self.from_s if self.fault == "permission lost" else None,
        ).start()

    def stop(self) -> None:
        self.tree.stop()

    def true_j(self, start_ns: int, stop_ns: int) -> float:
        """What the counter went on by: its writer's pauses are no error of the meter."""
        return self.tree.shown_j("package-0", start_ns, stop_ns)
