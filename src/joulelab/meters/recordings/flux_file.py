"""Raw Flux CSV: a plug's power, and what Telegraf wrote beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from joulelab.meters.databases.flux_csv import FluxSeries
from joulelab.meters.databases.flux_csv import read as read_flux
from joulelab.meters.recordings.part import Part, Series, broken, tidy, usual_interval_s
from joulelab.records import Channel, Kind, Scope
from joulelab.units import J_PER_KWH

ACCURACY_ABSOLUTE_W = 3.0
ACCURACY_RELATIVE = 0.01
"""The study's own figures of its plug: 3 W below 300 W, 1 % above."""


class Meaning(NamedTuple):
    """What a series is, where `pattern` is found in `<measurement> <field> <tags ...>`."""

    pattern: re.Pattern[str]
    name: str
    kind: Kind
    unit: str
    scope: Scope
    scale: float = 1.0


_NOT_A_PLUG = r"(?!powerstat|rapl|intel_|nvidia|amd_|cpu|gpu|dcgm|kepler|scaph)"
"""Telegraf's names of what a CPU or GPU says of itself."""

_WATTS = r"(?:\S*[_.])?(?i:a?power|active_power|real_power|watts?|power_w(?:atts?)?)"
"""A field or measurement that is named for a power: no factor, state or limit, no apparent power."""

# Z-Wave's meter command class (50) numbers its values: 66049 is W, 65537 kWh.
MEANINGS = tuple(
    Meaning(re.compile(pattern), *rest)
    for pattern, *rest in (
        (r"^cpu usage_user (.* )?cpu-total\b", "cpu", "auxiliary", "%", "cpu"),
        (r"^mem used_percent\b", "memory", "auxiliary", "%", "dram"),
        (r"^temp temp\b", "temperature", "auxiliary", "°C", "cpu"),
        (r"^diskio reads\b", "disk_reads", "auxiliary", "1", "node"),
        (r"^nvidia_smi power_draw\b", "gpu_power", "power", "W", "gpu"),
        (r"^ipmi_sensor value .*\b[Ww]atts\b", "node_power", "power", "W", "node"),
        (r"/value/66049\b|^W |/power\b", "plug", "power", "W", "wall"),
        (rf"^{_NOT_A_PLUG}(\S+ )?{_WATTS}(?= |$)", "plug", "power", "W", "wall"),
        (r"/value/65537\b|^kWh ", "energy", "counter", "J", "wall", J_PER_KWH),
    )
)


def is_it(head: str) -> bool:
    lines = [line for line in head.split("\n")[:8] if line.strip()]
    return any(re.match(r"#(datatype|group|default),|,result,table,|,[^,]*,\d+,\d{4}-", line)
               for line in lines)  # fmt: skip


def read(path: Path, text: str) -> Part:
    """What no rule knows is an auxiliary channel `<measurement>_<field>`."""
    grouped: dict[tuple[str, tuple[str, ...]], list[FluxSeries]] = {}
    meanings: dict[tuple[str, tuple[str, ...]], Meaning] = {}
    for series in read_flux(path):
        meaning = _meaning(series.key)
        identity = (meaning.name, tuple(series.key.values()))
        grouped.setdefault(identity, []).append(series)
        meanings[identity] = meaning
    if not grouped:
        raise broken("no row with a time and a value", path)
    found: list[Series] = []
    for identity, own in grouped.items():
        taken = sum(each.channel.name.startswith(identity[0]) for each in found)
        name = identity[0] if not taken else f"{identity[0]}_{taken + 1}"
        found.append(_series(name, meanings[identity], own))
    return Part("influxdb", "utc", tuple(found))


def _series(name: str, meaning: Meaning, own: Sequence[FluxSeries]) -> Series:
    times_ns, values = tidy(
        np.concatenate([each.times_ns for each in own]),
        np.concatenate([each.values for each in own]) * meaning.scale,
    )
    energetic = meaning.kind != "auxiliary"
    channel = Channel(
        name=name,
        kind=meaning.kind,
        unit=meaning.unit,
        scope=meaning.scope,
        provenance="measured",
        update_period_s=usual_interval_s(times_ns),
        accuracy_absolute_w=ACCURACY_ABSOLUTE_W if energetic else 0.0,
        accuracy_relative=ACCURACY_RELATIVE if energetic else 0.0,
        inside=None,
    )
    return Series(channel, times_ns, values)


def _meaning(key: dict[str, str]) -> Meaning:
    measurement, field = key.get("_measurement", ""), key.get("_field", "")
    tags = [cell for name, cell in key.items() if name not in ("_measurement", "_field")]
    text = " ".join(word.replace(" ", "_") for word in (measurement, field, *tags))
    for meaning in MEANINGS:
        if meaning.pattern.search(text):
            return meaning
    name = re.sub(r"\W+", "_", f"{measurement}_{field}").strip("_") or "value"
    return Meaning(re.compile(""), name, "auxiliary", "", "node")
