"""Which series of an exporter count or show energy, and what each of them is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joulelab.errors import ConfigError
from joulelab.meters.databases.prometheus_api import Labels
from joulelab.meters.rapl_zones import POWER_MAX_W, RESOLUTION_J, UPDATE_PERIOD_S
from joulelab.records import Channel, Kind, Provenance, Scope

UNITS = {"counter": "J", "power": "W"}
RAPL_RANGE_J = 262_143.328850


@dataclass(frozen=True, slots=True)
class Quantity:
    """One channel as its labels name it. `scale` brings it to J, W or `unit`; `parent` is the path of
    the powercap zone that contains it, `path` its own."""

    name: str
    kind: Kind
    scope: Scope
    scale: float = 1.0
    unit: str = ""
    wrap_j: float | None = None
    power_max_w: float | None = None
    provenance: Provenance = "measured"
    path: str = ""
    inside: str | None = None
    update_period_s: float = 0.0
    resolution: float = 0.0

    def channel(self, **accuracy: float) -> Channel:
        return Channel(
            name=self.name,
            kind=self.kind,
            unit=UNITS.get(self.kind, self.unit),
            scope=self.scope,
            provenance=self.provenance,
            inside=self.inside,
            wrap_j=self.wrap_j,
            power_max_w=self.power_max_w,
            resolution=self.resolution,
            **{"update_period_s": self.update_period_s, **accuracy},
        )


@dataclass(frozen=True, slots=True)
class Preset:
    """`metrics` is a regular expression of their names; `quantity` says None for a series that counts
    nothing of its own. `fallback` is asked where `metrics` has no series. `repeats`: the exporter
    shows one figure several times over (a GPU's for each of its MIG instances)."""

    metrics: str
    quantity: Callable[[Labels], Quantity | None]
    fallback: str | None = None
    repeats: bool = False


def rapl(labels: Labels) -> Quantity | None:
    """node_exporter, collector rapl: `node_rapl_<zone>_joules_total{index, path}`, or with its zone
    labels `node_rapl_joules_total{rapl_zone, index, path}`. It does not tell where a zone wraps."""
    path = labels.get("path", "")
    if "mmio" in path:
        return None  # repeats the packages
    match = re.fullmatch(r"node_rapl_(.+)_joules_total", labels["__name__"])
    zone = match[1] if match else labels.get("rapl_zone", "")
    index = labels.get("index", "0")
    own = path.rpartition("/")[2]
    if re.fullmatch(r"package.\d+.die.\d+", zone):
        name = zone.replace("_", "-")
    else:
        name = zone if zone == "psys" else f"{zone}-{index}"
    scope: Scope = {"dram": "dram", "psys": "node"}.get(zone, "cpu")  # type: ignore[assignment]
    package = own.rpartition(":")[0] if own.count(":") > 1 else f"package-{index}"
    return Quantity(
        name,
        "counter",
        scope,
        wrap_j=RAPL_RANGE_J,
        power_max_w=POWER_MAX_W,
        path=own,
        inside=package if zone in ("core", "uncore") else None,
        update_period_s=UPDATE_PERIOD_S,
        resolution=RESOLUTION_J,
    )


def dcgm(labels: Labels) -> Quantity | None:
    """dcgm-exporter: mJ since the driver was loaded, W; it renews them every 30 s by default. A GPU
    instance (MIG) shows the figure of the whole card."""
    name = f"gpu-{labels.get('gpu', labels.get('UUID', '0'))}"
    if labels["__name__"] == "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION":
        return Quantity(name, "counter", "gpu", scale=1e-3, update_period_s=30.0, resolution=1e-3)
    return Quantity(name, "power", "gpu", update_period_s=30.0)


def kepler(labels: Labels) -> Quantity | None:
    """Kepler: `kepler_node_cpu_joules_total{zone, path}` (0.10 on) or
    `kepler_node_<zone>_joules_total{package, mode, source}` (before), idle and dynamic apart."""
    match = re.fullmatch(r"kepler_node_(\w+?)_joules_total", labels["__name__"])
    zone = labels.get("zone") or (match[1] if match else "")
    scopes: dict[str, Scope] = {
        **{"package": "cpu", "core": "cpu", "uncore": "cpu", "dram": "dram", "gpu": "gpu"},
        **{"psys": "node", "platform": "node"},
    }
    zone = zone.partition("-")[0]
    if zone not in scopes:
        return None
    socket = re.search(r"intel-rapl:(\d+)", labels.get("path", ""))
    which = labels.get("package") or labels.get("gpu_id") or (socket[1] if socket else "")
    mode = labels.get("mode", "")
    name = "-".join(filter(None, (zone, which, mode)))
    package = "-".join(filter(None, ("package", which, mode)))
    modelled = re.search("model|estimat", labels.get("source", ""))
    return Quantity(
        name,
        "counter",
        scopes[zone],
        inside=package if zone in ("core", "uncore") else None,
        provenance="estimated" if modelled else "measured",
        update_period_s=5.0,
    )


PRESETS = {
    "rapl": Preset("node_rapl_.*joules_total", rapl),
    "dcgm": Preset(
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", dcgm, "DCGM_FI_DEV_POWER_USAGE", repeats=True
    ),
    "kepler": Preset(
        "kepler_node_(cpu|package|core|uncore|dram|gpu|psys|platform)_joules_total", kepler
    ),
}

_QUERY_KEYS = {"metric", "labels", "kind", "scope", "scale", "unit", "wrap_j", "power_max_w"}


def own_quantity(name: str, query: Mapping[str, Any], where: str) -> Quantity:
    """ConfigError where a key is missing, unknown or not of its kind."""
    unknown = sorted(set(query) - _QUERY_KEYS)
    kind = query.get("kind", "power")
    if unknown or "metric" not in query or kind not in ("counter", "power", "auxiliary"):
        what = f"unknown key {unknown[0]}" if unknown else "metric and kind are not both said"
        raise ConfigError(what, where=where, cure=f"it takes {', '.join(sorted(_QUERY_KEYS))}")
    return Quantity(
        name,
        kind,
        query.get("scope", "node"),
        float(query.get("scale", 1.0)),
        str(query.get("unit", "1")),
        query.get("wrap_j"),
        query.get("power_max_w"),
    )
