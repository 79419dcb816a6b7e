"""Shelly plugs on loopback that show a known power: polled, by their counter, and by their script."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from support.fake_plug import FakePlug
from support.fake_shelly import FakeShelly1, FakeShelly2
from support.worlds.base import World, energy_j, power_w

from joulelab.meters.shelly import Shelly
from joulelab.meters.shelly_script import KEPT

PASSWORD = "secret"
POLLED = {"disorder": "each answer belongs to its question"}


class PlugWorld(World):
    """What plugs on loopback share: their faults happen where a question arrives."""

    make: ClassVar[type[FakePlug]]
    not_applicable: ClassVar[dict[str, str]] = POLLED

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.plug = self.make(
            lambda _: power_w(self.seconds()),
            lambda _: energy_j(0.0, self.seconds()),
            password=PASSWORD,
        )
        self.plug.silent = self._silent
        self.plug.denied = lambda: self.struck("permission lost")
        self.plug.delay_s = lambda: 2 * self.period_s if self.struck("slow answer") else 0.0
        self._restarted = False

    def begin(self) -> None:
        self.plug.start()

    def stop(self) -> None:
        self.plug.stop()

    def _silent(self) -> bool:
        if self.struck("wrap") and not self._restarted:
            self._restarted = True
            self.plug.reboot(keeps_counter=False)
        self.plug.clock_ahead_s = 3600.0 if self.struck("clock step") else 0.0
        return self.struck("unreadable", "late start")


class ShellyWorld(PlugWorld):
    name = "shelly"
    judged = "power"
    make = FakeShelly2

    def meter(self) -> Shelly:
        return Shelly(self.plug.host, password=PASSWORD, update_period_s=self.period_s)


class ShellyGen1World(ShellyWorld):
    name = "shelly-gen1"
    make = FakeShelly1


class ShellyCounterWorld(ShellyWorld):
    """The plug's own counter; its restart is the one that a loss of power brings."""

    name = "shelly-counter"
    judged = "energy"

    def meter(self) -> Shelly:
        return Shelly(
            self.plug.host,
            password=PASSWORD,
            update_period_s=self.period_s,
            counter_period_s=self.period_s,
        )


class ShellyScriptWorld(ShellyWorld):
    """An outage of the network hides only what is more than the script keeps, a restart of the plug the
    time that node takes to be there again."""

    name = "shelly-script"
    needs = ("node",)

    def meter(self) -> Shelly:
        return Shelly(
            self.plug.host,
            password=PASSWORD,
            update_period_s=self.period_s,
            script=True,
            script_period_s=self.period_s,
        )

    def visible(self, start_ns: int, stop_ns: int) -> float:
        if self.fault not in ("unreadable", "wrap"):
            return super().visible(start_ns, stop_ns)
        kept_s = KEPT * self.period_s
        outage_s = max(0.0, self.to_s - self.from_s - kept_s)
        lost_s = outage_s if self.fault == "unreadable" else self.plug.launch_s
        return 1.0 - lost_s / ((stop_ns - start_ns) / 1e9)
