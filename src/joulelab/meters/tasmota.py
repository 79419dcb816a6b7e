"""Wall plugs that run Tasmota, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joulelab.errors import MeterDenied, MeterUnavailable
from joulelab.meters.plug import PolledPlug, Reading, declare
from joulelab.meters.transport.http import Endpoint, Reply
from joulelab.meters.transport.json_path import JsonPath
from joulelab.records import Channel
from joulelab.units import J_PER_KWH

HOST = "meter.tasmota.host"
PASSWORD = "meter.tasmota.password"
SENSORS = ("Status 10", "Status 8")
"""The present and the former name of the same question (Tasmota, Commands)."""


class Tasmota(PolledPlug):
    """Channels `power` (W) and, inside it, `energy`, the plug's own counter.

    Power comes in whole watts and energy in whole watt-hours unless the plug is told otherwise:
    `WattRes 1` and `EnergyRes 5` in its console, and here `power_resolution_w=0.1` and
    `counter_resolution_j=36`. Tasmota states no accuracy: its guide (Power Monitoring Calibration)
    asks for each plug to be calibrated on a known load. Declared is what a calibration with a
    household power meter leaves; a plug that never was calibrated may be off by far more.
    """

    note = "a wall plug, 1 Hz"

    def __init__(
        self,
        host: str,
        user: str = "admin",
        password: str | None = None,
        timeout_s: float = 1.2,
        update_period_s: float = 1.0,
        counter_period_s: float = 1.0,
        power_resolution_w: float = 1.0,
        counter_resolution_j: float = 3600.0,
        accuracy_absolute_w: float = 1.0,
        accuracy_relative: float = 0.02,
    ) -> None:
        super().__init__(Endpoint(host, where=HOST, timeout_s=timeout_s))
        # Tasmota wants them in the address of the question, not in a header.
        self._login = {} if password is None else {"user": user, "password": password}
        self._sensors = SENSORS[0]
        self._declared = declare(
            power_resolution_w=power_resolution_w,
            counter_resolution_j=counter_resolution_j,
            update_period_s=update_period_s,
            counter_period_s=counter_period_s,
            accuracy_absolute_w=accuracy_absolute_w,
            accuracy_relative=accuracy_relative,
        )

    def _find(self) -> tuple[Channel, ...]:
        for self._sensors in SENSORS:
            _, said = self._command(self._sensors)
            if "StatusSNS" in said:
                break
        else:
            raise MeterUnavailable(
                "answers, but not as Tasmota does",
                where=HOST,
                cure="give the address of the plug itself",
            )
        if "ENERGY" not in said["StatusSNS"]:
            raise MeterUnavailable(
                "this device does not measure power",
                where=HOST,
                cure="choose a module or template with an energy sensor in its web console",
            )
        return self._declared

    def _ask(self) -> Reading:
        reply, said = self._command(self._sensors)
        power_w, total_kwh = _sum(_POWER, said), _sum(_TOTAL, said)
        return Reading(reply.middle_ns, power_w, total_kwh * J_PER_KWH)

    def _uptime(self) -> tuple[float, Reply]:
        reply, said = self._command("Status 11")
        return _UPTIME.number(said), reply

    def _command(self, command: str) -> tuple[Reply, Mapping[str, Any]]:
        reply = self._endpoint.get("/cm", {**self._login, "cmnd": command})
        said = reply.json()
        if not isinstance(said, dict):
            raise MeterUnavailable(
                "answers, but not as Tasmota does", where=HOST, cure="check the address"
            )
        if "WARNING" in said:
            raise MeterDenied(
                "the plug wants its web password",
                where=PASSWORD,
                cure="put it into the environment: `export JOULELAB_TASMOTA_PASSWORD=...`",
            )
        return reply, said


def _sum(path: JsonPath, said: Mapping[str, Any]) -> float:
    """A plug with several outlets or phases lists them."""
    found = path.value(said)
    if isinstance(found, list):
        return sum(_ITSELF.number(each) for each in found)
    return path.number(said)


_POWER = JsonPath("StatusSNS.ENERGY.Power", HOST)
_TOTAL = JsonPath("StatusSNS.ENERGY.Total", HOST)
_UPTIME = JsonPath("StatusSTS.UptimeSec", HOST)
_ITSELF = JsonPath("", HOST)
