"""One line of tegrastats: power rails, loads, clocks. Of every board from TX1 to Thor.

What is cut off or garbled is missing from the result, never half a number.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from joulelab.records import Channel, Scope

AUXILIARY: dict[str, tuple[str, Scope]] = {
    "cpu_load": ("1", "cpu"),
    "cpu_hz": ("Hz", "cpu"),
    "cpu_online": ("1", "cpu"),
    "gpu_load": ("1", "gpu"),
    "gpu_hz": ("Hz", "gpu"),
    "emc_load": ("1", "dram"),
    "emc_hz": ("Hz", "dram"),
    "ram_bytes": ("B", "dram"),
    "cpu_c": ("°C", "cpu"),
    "gpu_c": ("°C", "gpu"),
}
"""Load and clock of the CPU are means over the cores that are on; loads are shares of 1."""

# `now/mean` or, since JetPack 7, `now/mean/...`: now is whole wherever a slash follows it.
_RAIL = re.compile(r"(?<=\s)([A-Z][A-Z0-9_]*) (\d{1,7})(?:mW)?/\d+(?:mW)?(?:/\d+(?:mW)?)?(?=\s|$)")
# Cut off before its unit, memory looks like a rail.
_MEMORY = frozenset({"RAM", "SWAP", "IRAM"})
_STAMP = re.compile(r"^\s*(\d\d-\d\d-\d{4} \d\d:\d\d:\d\d)(?=\s)")
# What a logger between the tool and its file puts first.
_ISO_STAMP = re.compile(r"^\s*\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?)\]?(?=\s)")
_RAM = re.compile(r"\bRAM (\d+)/\d+MB")
_CORES = re.compile(r"\b(?:CPU|cpu) \[([^\]]*)\]")
_CORE = re.compile(r"(\d+)%@(\d+)")
_UNITS = {
    "gpu": re.compile(r"\bGR3D(?:_FREQ)? (\d+)%(?:@\[?(\d+)(?:,\d+)*\]?)?(?=\s)"),
    "emc": re.compile(r"\bEMC(?:_FREQ)? (\d+)%(?:@(\d+))?(?=\s)"),
}
_TEMPERATURE = re.compile(r"(?<=\s)(CPU|GPU|cpu|gpu)@(-?\d+(?:\.\d+)?)C(?=[\s/])")
_SENSOR_OFF_C = -200.0
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """`rails_w` as printed, NC and carrier rails among them; `auxiliary` by names of AUXILIARY.
    `local_s` is the printed date in seconds since 1970, in the board's own time zone."""

    rails_w: dict[str, float]
    auxiliary: dict[str, float]
    local_s: float | None = None


def parse(text: str) -> Line | None:
    """None where the text has no rail."""
    rails = {name: int(now_mw) / 1e3 for name, now_mw in _RAIL.findall(text) if name not in _MEMORY}
    if not rails:
        return None
    return Line(rails, _auxiliary(text), stamp_s(text))


def recognises(text: str) -> bool:
    """Whether the text is a line of tegrastats, with rails or without."""
    return _RAM.search(text) is not None and _CORES.search(text) is not None


def stamp_s(text: str) -> float | None:
    """The date that newer releases print first, month-day-year, or ISO 8601 without a zone."""
    try:
        if found := _STAMP.match(text):
            return float(calendar.timegm(time.strptime(found[1], "%m-%d-%Y %H:%M:%S")))
        if found := _ISO_STAMP.match(text):
            return datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        pass
    return None


def auxiliary_channels(names: Iterable[str], update_period_s: float) -> list[Channel]:
    return [
        Channel(name, "auxiliary", unit, scope, "measured", update_period_s=update_period_s)
        for name in names
        for unit, scope in [AUXILIARY[name]]
    ]


def _auxiliary(text: str) -> dict[str, float]:
    found = _cores(text)
    for unit, pattern in _UNITS.items():
        seen = pattern.search(text)
        if seen is not None:
            found[f"{unit}_load"] = int(seen[1]) / 100
            if seen[2] is not None:
                found[f"{unit}_hz"] = int(seen[2]) * 1e6
    ram = _RAM.search(text)
    if ram is not None:
        found["ram_bytes"] = float(int(ram[1]) * _MIB)
    for name, degrees in _TEMPERATURE.findall(text):
        if float(degrees) > _SENSOR_OFF_C:
            found[f"{name.lower()}_c"] = float(degrees)
    return {name: found[name] for name in AUXILIARY if name in found}


def _cores(text: str) -> dict[str, float]:
    listed = _CORES.search(text)
    if listed is None:
        return {}
    cores = [core.strip() for core in listed[1].split(",")]
    running = [found for core in cores if (found := _CORE.fullmatch(core))]
    off = sum(core == "off" for core in cores)
    if not running or len(running) + off != len(cores):
        return {}
    return {
        "cpu_load": sum(int(core[1]) for core in running) / 100 / len(running),
        "cpu_hz": sum(int(core[2]) for core in running) * 1e6 / len(running),
        "cpu_online": float(len(running)),
    }
