"""A Tasmota plug on loopback that shows a known power."""

from __future__ import annotations

from support.fake_tasmota import FakeTasmota
from support.worlds.shelly import PASSWORD, PlugWorld

from joulelab.meters.tasmota import Tasmota


class TasmotaWorld(PlugWorld):
    name = "tasmota"
    judged = "power"
    make = FakeTasmota

    def meter(self) -> Tasmota:
        return Tasmota(
            self.plug.host,
            password=PASSWORD,
            update_period_s=self.period_s,
            power_resolution_w=0.1,
            counter_resolution_j=36.0,
        )
