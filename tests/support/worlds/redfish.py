"""A BMC whose Redfish service shows a known power."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from support.fake_redfish import FakeRedfish
from support.worlds.base import World, power_w

from joulelab.meters.redfish import Redfish


class RedfishWorld(World):
    """Whole watts, as BMCs show them: their rounding is declared and limits the agreement."""

    name = "redfish"
    judged = "power"
    period_s = 0.2
    not_applicable: ClassVar[dict[str, str]] = {
        "wrap": "shows power, counts nothing",
        "disorder": "each answer belongs to its question",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bmc = FakeRedfish(self._watts)

    def meter(self) -> Redfish:
        return Redfish(
            self.bmc.url,
            user=self.bmc.user,
            password=self.bmc.password,
            update_period_s=self.period_s,
        )

    def begin(self) -> None:
        self._watts()
        self.bmc.__enter__()

    def stop(self) -> None:
        self.bmc.__exit__()

    def _watts(self) -> float:
        """The fault too: the BMC asks for its power with every request."""
        bmc = self.bmc
        bmc.status = 503 if self.struck("unreadable", "late start") else 200
        bmc.password = "changed" if self.struck("permission lost") else "secret"
        bmc.delay_s = 2 * self.period_s if self.struck("slow answer") else 0.0
        bmc.clock_s = 3600.0 if self.struck("clock step") else 0.0
        return power_w(self.seconds())
