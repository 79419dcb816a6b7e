"""The two dialects of Shelly devices: which one is spoken, and how power and energy are said in it.

Gen1: shelly-api-docs.shelly.cloud/gen1. Gen2 and later: shelly-api-docs.shelly.cloud/gen2.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Protocol

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.plug import Reading
from joulelab.meters.transport.http import Endpoint, Reply
from joulelab.meters.transport.json_path import JsonPath
from joulelab.units import J_PER_WATT_MINUTE, J_PER_WH

HOST = "meter.shelly.host"
CHANNEL = "meter.shelly.channel"
PASSWORD = "meter.shelly.password"


class Device(Protocol):
    """A plug whose dialect is known. All raise MeterUnavailable or MeterDenied."""

    generation: int
    model: str
    power_resolution_w: float
    counter_resolution_j: float

    def read(self) -> Reading: ...
    def uptime(self) -> tuple[float, Reply]: ...


def recognise(endpoint: Endpoint, channel: int, password: str | None) -> Device:
    """Asks `/shelly`, which every generation answers without a password."""
    about = _fields(endpoint.get("/shelly"))
    if not ("gen" in about or "type" in about):
        raise _no_shelly()
    if (about.get("auth") or about.get("auth_en")) and password is None:
        raise MeterDenied(
            "the plug wants a password",
            where=PASSWORD,
            cure="put it into the environment: `export JOULELAB_SHELLY_PASSWORD=...`",
        )
    generation = int(about.get("gen", 1))
    model = str(about.get("model") or about.get("type"))
    if generation == 1:
        return Gen1(endpoint, model, channel)
    return Gen2(endpoint, model, channel, generation)


class Gen1:
    """`/meter/<channel>`: power in W, `total` in whole watt-minutes since the last loss of power."""

    generation = 1
    power_resolution_w = 0.01
    counter_resolution_j = J_PER_WATT_MINUTE

    def __init__(self, endpoint: Endpoint, model: str, channel: int) -> None:
        self.model = model
        self._endpoint = endpoint
        self._path = f"/meter/{channel}"
        meters = _fields(endpoint.get("/status")).get("meters", [])
        having = [n for n, meter in enumerate(meters) if "power" in meter and "total" in meter]
        if channel not in having:
            raise _no_channel(model, channel, [str(n) for n in having])

    def read(self) -> Reading:
        reply = self._endpoint.get(self._path)
        status = _fields(reply)
        if not status.get("is_valid", True):
            return Reading(reply.middle_ns, math.nan, math.nan)
        total_j = _TOTAL.number(status) * J_PER_WATT_MINUTE
        return Reading(reply.middle_ns, _POWER.number(status), total_j)

    def uptime(self) -> tuple[float, Reply]:
        reply = self._endpoint.get("/status")
        return _UPTIME.number(reply.json()), reply


@dataclass(frozen=True, slots=True)
class Part:
    """A metering component of Gen2: where power (W) and the counter (Wh) of channel {n} stand in
    the answer to `method`."""

    method: str
    power: str
    total: str


PARTS = {
    "switch": Part("Switch.GetStatus", "apower", "aenergy.total"),
    "pm1": Part("PM1.GetStatus", "apower", "aenergy.total"),
    "em1": Part("Shelly.GetStatus", "em1:{n}.act_power", "em1data:{n}.total_act_energy"),
    "em": Part("Shelly.GetStatus", "em:{n}.total_act_power", "emdata:{n}.total_act"),
}


class Gen2:
    """`component` is `switch:0` or the like; `total` counts in Wh, three digits after the point, and
    outlives a loss of power."""

    power_resolution_w = 0.1
    counter_resolution_j = 0.001 * J_PER_WH

    def __init__(self, endpoint: Endpoint, model: str, channel: int, generation: int) -> None:
        self.model = model
        self.generation = generation
        self._endpoint = endpoint
        status = _fields(endpoint.get("/rpc/Shelly.GetStatus"))
        self.component = _component(status, model, channel)
        part = PARTS[self.component.partition(":")[0]]
        self._path = f"/rpc/{part.method}"
        self._params = {"id": str(channel)} if part.method != "Shelly.GetStatus" else None
        self._power = JsonPath(part.power.format(n=channel), HOST)
        self._total = JsonPath(part.total.format(n=channel), HOST)

    def read(self) -> Reading:
        reply = self._endpoint.get(self._path, self._params)
        status = reply.json()
        total_j = self._total.number(status) * J_PER_WH
        return Reading(reply.middle_ns, self._power.number(status), total_j)

    def uptime(self) -> tuple[float, Reply]:
        reply = self._endpoint.get("/rpc/Sys.GetStatus")
        return _UPTIME.number(reply.json()), reply

    def call(self, method: str, **params: Any) -> Any:
        """One remote procedure call; its result."""
        return self._endpoint.post(f"/rpc/{method}", json.dumps(params).encode()).json()


def _fields(reply: Reply) -> dict[str, Any]:
    fields = reply.json()
    if not isinstance(fields, dict):
        raise _no_shelly()
    return fields


def _no_shelly() -> MeterUnavailable:
    return MeterUnavailable(
        "answers, but is no Shelly", where=HOST, cure="give the address of the plug itself"
    )


def _component(status: dict[str, Any], model: str, channel: int) -> str:
    metering = [
        key
        for key, value in status.items()
        if isinstance(value, dict)
        and key.partition(":")[0] in PARTS
        and any(name in value for name in ("apower", "act_power", "total_act_power"))
    ]
    for key in metering:
        if key.partition(":")[2] == str(channel):
            return key
    raise _no_channel(model, channel, [key.partition(":")[2] for key in metering])


def _no_channel(model: str, channel: int, having: list[str]) -> Exception:
    if not having:
        return MeterUnavailable(
            f"{model} does not measure power", where=HOST, cure="give the address of one that does"
        )
    return ConfigError(
        f"{model} has no metering channel {channel}",
        where=CHANNEL,
        cure=f"choose one of {', '.join(having)}",
    )


_POWER = JsonPath("power", HOST)
_TOTAL = JsonPath("total", HOST)
_UPTIME = JsonPath("uptime", HOST)
