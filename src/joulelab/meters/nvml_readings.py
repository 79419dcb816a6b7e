"""What an NVIDIA card can tell of its energy, found out by asking it, and why it may tell nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from joulelab.errors import ConfigError, JoulelabError, MeterUnavailable
from joulelab.meters.nvml_library import ABSENT, PASSING, WHERE, refusal

Source = Literal["counter", "instant", "usage"]

AVERAGING_S = 1.0
UPDATE_PERIOD_S = 0.1

_AMPERE = 7
_GA100 = re.compile(r"\b(A(100|800|30)X?|CMP 170HX)\b")
_TEGRA = re.compile(r"nvgpu|Tegra|Jetson|Orin|Xavier|Thor")
_INSTANT_FIELD = 186
_STREAMING_MULTIPROCESSORS = 1


def _counter_mj(nvml: Any, handle: Any) -> int:
    return int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle))


def _instant_mw(nvml: Any, handle: Any) -> int:
    field = nvml.nvmlDeviceGetFieldValues(handle, [_INSTANT_FIELD])[0]
    if field.nvmlReturn:
        raise nvml.NVMLError(field.nvmlReturn)
    return int(field.value.uiVal)


def _usage_mw(nvml: Any, handle: Any) -> int:
    return int(nvml.nvmlDeviceGetPowerUsage(handle))


def _clock_hz(nvml: Any, handle: Any) -> float:
    return float(nvml.nvmlDeviceGetClockInfo(handle, _STREAMING_MULTIPROCESSORS)) * 1e6


READINGS: dict[Source, Callable[[Any, Any], int]] = {
    "counter": _counter_mj,
    "instant": _instant_mw,
    "usage": _usage_mw,
}
"""The best first, in mJ or mW."""

AUXILIARY: tuple[tuple[str, str, Callable[[Any, Any], float]], ...] = (
    ("utilisation", "%", lambda nvml, handle: nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
    ("memory_used", "B", lambda nvml, handle: nvml.nvmlDeviceGetMemoryInfo(handle).used),
    ("sm_clock", "Hz", _clock_hz),
    ("temperature", "°C", lambda nvml, handle: nvml.nvmlDeviceGetTemperature(handle, 0)),
)


def choose(nvml: Any, handle: Any, wanted: Source | None) -> Source:
    """`wanted`, or the first of READINGS that the card answers.

    A card that only has no answer this time is believed to have the reading. MeterUnavailable,
    MeterDenied or ConfigError where there is none.
    """
    title = text(nvml.nvmlDeviceGetName(handle))
    for source in READINGS if wanted is None else (wanted,):
        try:
            READINGS[source](nvml, handle)
        except nvml.NVMLError as error:
            if error.value in ABSENT:
                continue
            if error.value not in PASSING:
                raise refusal(error, f"{WHERE}: {title}") from error
        return source
    raise _silence(nvml, handle, title, wanted)


def averaging_s(nvml: Any, handle: Any, source: Source) -> float:
    """Over how long the card averages what it tells; 0 where it tells the power of the moment.

    NVML reference, nvmlDeviceGetPowerUsage: 1 s on Ampere and newer but for GA100. A card that does
    not tell its architecture is taken for one of those.
    """
    if source != "usage":
        return 0.0
    try:
        recent = nvml.nvmlDeviceGetArchitecture(handle) >= _AMPERE
    except nvml.NVMLError:
        recent = True
    ga100 = _GA100.search(text(nvml.nvmlDeviceGetName(handle)))
    return AVERAGING_S if recent and not ga100 else 0.0


def divided(nvml: Any, handle: Any) -> bool:
    """Whether the card is split into MIG instances, whose energy it tells as one."""
    try:
        return bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    except nvml.NVMLError:
        return False


def answers(nvml: Any, handle: Any, ask: Callable[[Any, Any], object]) -> bool:
    try:
        ask(nvml, handle)
    except nvml.NVMLError as error:
        return error.value in PASSING
    return True


def text(said: str | bytes) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _silence(nvml: Any, handle: Any, title: str, wanted: Source | None) -> JoulelabError:
    if text(nvml.nvmlDeviceGetUUID(handle)).startswith("MIG-"):
        return MeterUnavailable(
            f"{title} tells no energy: a MIG instance, only its whole GPU does",
            where=WHERE,
            cure=f"set meter.nvml.gpus=[{_parent(nvml, handle)}], which measures all its instances",
        )
    if _TEGRA.search(title):
        return MeterUnavailable(
            f"{title} tells no energy through NVML: a Jetson",
            where=WHERE,
            cure="take meter=tegrastats or meter=ina3221",
        )
    if wanted is not None:
        return ConfigError(
            f"{title} has no reading {wanted}",
            where=f"{WHERE}.source",
            cure="null takes the best that it has",
        )
    return MeterUnavailable(
        f"{title} tells neither energy nor power",
        where=WHERE,
        cure="name the others in meter.nvml.gpus, or leave it to meter=cpu_estimate",
    )


def _parent(nvml: Any, handle: Any) -> str:
    try:
        parent = nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle)
        return text(nvml.nvmlDeviceGetUUID(parent))
    except nvml.NVMLError:
        return "0"
