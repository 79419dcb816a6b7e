"""A plug whose power somebody writes into a real InfluxDB 1 five times a second."""

from __future__ import annotations

import random
from pathlib import Path
from typing import ClassVar

from support.database_world import DatabaseWorld
from support.loopback import proxy
from support.servers import influx_query, influx_write, influxdb
from support.worlds.base import power_w

from joulelab.meters.influxdb import InfluxDb


class InfluxDbWorld(DatabaseWorld):
    name = "influxdb"
    judged = "plug"
    needs = ("influxd",)
    not_applicable: ClassVar[dict[str, str]] = {"wrap": "shows power, counts nothing"}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._server = influxdb(folder / "influxdb")
        self.front = proxy(self._server)
        self._written = 0

    def meter(self) -> InfluxDb:
        return InfluxDb(
            self.front.url,
            database="home",
            measurement="W",
            tags={"entity_id": "plug_power"},
            resolution=0.0,
            update_period_s=self.period_s,
        )

    def set_up(self) -> None:
        self._server.start()
        influx_query(self._server.url, "CREATE DATABASE home")

    def take_down(self) -> None:
        self._server.stop()

    def turn(self) -> None:
        super().turn()
        lines = []
        while (at_s := self._written * self.period_s) <= self.seconds():
            self._written += 1
            if not (self.fault == "unreadable" and self.from_s <= at_s < self.to_s):
                stamp_ns = round((self.start_wall_s + at_s + self.step_s(at_s)) * 1e9)
                lines.append(f"W,entity_id=plug_power value={power_w(at_s)!r} {stamp_ns}")
        if self.fault == "disorder":
            lines = random.Random(self._written).sample(lines * 2, 2 * len(lines))
        if lines:
            influx_write(self._server.url, "home", lines)
