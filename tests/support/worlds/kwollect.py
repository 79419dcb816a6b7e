"""A wattmetre of Grid'5000 behind its API, five samples a second."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from support.database_world import STEP_S, DatabaseWorld
from support.fake_kwollect import FakeKwollect
from support.worlds.base import power_w

from joulelab.meters.kwollect import Kwollect


class KwollectWorld(DatabaseWorld):
    name = "kwollect"
    judged = "wattmetre_power_watt"
    not_applicable: ClassVar[dict[str, str]] = {"wrap": "shows power, counts nothing"}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        metrics = {"wattmetre_power_watt": self._watts}
        self.front = FakeKwollect(metrics, clock=self._clock_s, period_s=self.period_s)

    def meter(self) -> Kwollect:
        return Kwollect(
            self.front.url,
            site="lyon",
            node="taurus-7",
            resolution=0.0,
            update_period_s=self.period_s,
        )

    def turn(self) -> None:
        super().turn()
        self.front.disorder = self.fault == "disorder"

    def _clock_s(self) -> float:
        return time.time() + self.step_s(self.seconds())

    def _watts(self, stamp_s: float) -> float | None:
        """By the instrument's own clock; None where it wrote nothing."""
        at_s = stamp_s - self.start_wall_s
        if self.fault == "clock step" and at_s >= self.from_s:
            if at_s < self.from_s + STEP_S:
                return None
            at_s -= STEP_S
        if self.fault == "unreadable" and self.from_s <= at_s < self.to_s:
            return None
        return power_w(at_s)
