"""A BMC that tells a known power through ipmitool."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from support.fake_ipmitool import NO_SESSION, REFUSED, FakeIpmitool
from support.worlds.base import World, power_w

from joulelab.meters.ipmi import Ipmi


class IpmiWorld(World):
    """Whole watts, as DCMI has them: their rounding is declared and limits the agreement."""

    name = "ipmi"
    judged = "power"
    period_s = 0.2
    not_applicable: ClassVar[dict[str, str]] = {
        "wrap": "shows power, counts nothing",
        "disorder": "each answer belongs to its question",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tool = FakeIpmitool(folder, self._watts)

    def meter(self) -> Ipmi:
        return Ipmi(
            program=str(self.tool.program),
            device=str(self.tool.device),
            update_period_s=self.period_s,
        )

    def begin(self) -> None:
        self.tool.__enter__()

    def stop(self) -> None:
        self.tool.__exit__()

    def _watts(self) -> float:
        """The fault too: the power is asked for with every renewed answer."""
        tool = self.tool
        tool.refusal = NO_SESSION if self.struck("unreadable", "late start") else None
        if self.struck("permission lost"):
            tool.refusal = REFUSED
        tool.delay_s = 2 * self.period_s if self.struck("slow answer") else 0.0
        tool.clock_s = 3600.0 if self.struck("clock step") else 0.0
        return power_w(self.seconds())
