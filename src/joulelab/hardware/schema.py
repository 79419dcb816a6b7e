"""Every key of the group `hardware`: its default, and what it may be."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joulelab.errors import ConfigError


@dataclass(frozen=True)
class Rule:
    """`wanted` follows "is not": it says what `holds` asks for."""

    wanted: str
    holds: Callable[[Any], bool]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _cores(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return _whole(value, 1)
    return bool(value) and all(_whole(core, 0) for core in value)


def _gpus(value: Any) -> bool:
    return isinstance(value, list | tuple) and _cores(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


PERCENT = {"rule": Rule("a percentage above 0, up to 100", lambda v: _number(v) and 0 < v <= 100)}
POSITIVE = {"rule": Rule("a number above 0", lambda v: _number(v) and v > 0)}
COUNT = {"rule": Rule("a whole number of 1 or more", lambda v: _whole(v, 1))}
CORES = {"rule": Rule("a number of cores or a list of them, such as [0,1]", _cores)}
MODE = {"rule": Rule("a power mode's number or name", lambda v: _whole(v, 0) or _text(v))}
GPUS = {"rule": Rule("a list of GPU numbers, such as [0,1]", _gpus)}
SWITCH = {"rule": Rule("true or false", lambda v: isinstance(v, bool))}
TEXT = {"rule": Rule("a text", _text)}


@dataclass
class HardwareSchema:
    """null leaves a setting as it is found. In the order in which the knobs are turned; they are
    restored in reverse."""

    jetson_power_mode: Any = field(default=None, metadata=MODE)
    jetson_clocks: bool | None = field(default=None, metadata=SWITCH)
    cpu_online: int | None = field(default=None, metadata=COUNT)
    cpu_boost: bool | None = field(default=None, metadata=SWITCH)
    cpu_governor: str | None = field(default=None, metadata=TEXT)
    cpu_energy_preference: str | None = field(default=None, metadata=TEXT)
    cpu_frequency_percent: float | None = field(default=None, metadata=PERCENT)
    cpu_frequency_hz: float | None = field(default=None, metadata=POSITIVE)
    gpu_frequency_percent: float | None = field(default=None, metadata=PERCENT)
    gpu_power_limit_w: float | None = field(default=None, metadata=POSITIVE)
    gpu_clock_percent: float | None = field(default=None, metadata=PERCENT)
    gpu_clock_hz: float | None = field(default=None, metadata=POSITIVE)
    gpu_memory_clock_hz: float | None = field(default=None, metadata=POSITIVE)
    cpu_affinity: Any = field(default=None, metadata=CORES)
    threads: int | None = field(default=None, metadata=COUNT)
    accelerator: str = field(default="cpu", metadata=TEXT)
    devices: int = field(default=1, metadata=COUNT)
    precision: str = field(default="fp32", metadata=TEXT)
    channels_last: bool = field(default=False, metadata=SWITCH)
    strict: bool = field(default=True, metadata=SWITCH)
    gpus: Any = field(default=None, metadata=GPUS)
    sysfs: str = field(default="/sys", metadata=TEXT)
    nvml_library: str = field(default="libnvidia-ml.so.1", metadata=TEXT)
    nvpmodel_conf: str = field(default="/etc/nvpmodel.conf", metadata=TEXT)


FIELDS = {each.name: each for each in dataclasses.fields(HardwareSchema)}
EITHER_OR = (("cpu_frequency_percent", "cpu_frequency_hz"), ("gpu_clock_percent", "gpu_clock_hz"))


def check(settings: Mapping[str, Any]) -> None:
    """ConfigError for a key that is not there, a value that it cannot have, or two that exclude each
    other."""
    for name, value in settings.items():
        where = f"hardware.{name}"
        known = FIELDS.get(name)
        if known is None:
            near = difflib.get_close_matches(str(name), FIELDS, 1, 0.0)
            raise ConfigError(
                "there is no such key", where=where, cure=f"did you mean hardware.{near[0]}?"
            )
        rule: Rule = known.metadata["rule"]
        if value is None and known.default is None:
            continue
        if not rule.holds(value):
            raise ConfigError(f"{value!r} is not {rule.wanted}", where=where)
    for first, second in EITHER_OR:
        if settings.get(first) is not None and settings.get(second) is not None:
            raise ConfigError(
                f"excludes hardware.{second}", where=f"hardware.{first}", cure="set one to null"
            )
