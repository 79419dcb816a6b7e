"""What this machine really has: for `meter=auto` and for `joulelab doctor`."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from joulelab.errors import MeterError
from joulelab.meters.cpu_estimate import WATTS_PER_THREAD, CpuEstimate
from joulelab.meters.rapl import Rapl
from joulelab.meters.rapl_zones import ROOT
from joulelab.protocols import Meter


@dataclass(frozen=True, slots=True)
class MeterStatus:
    """One line of `joulelab doctor`. `measured`: an instrument would answer, not a model."""

    name: str
    ready: bool
    why: str
    cure: str = ""
    measured: bool = False
    channels: tuple[str, ...] = ()


def detect(powercap: str = ROOT, watts_per_core: float | None = None) -> dict[str, Meter]:
    """Every instrument that answers here, and always the estimate. None of them is started."""
    meters: dict[str, Meter] = {}
    if _try(Rapl(powercap), "rapl").ready:
        meters["rapl"] = Rapl(powercap)
    meters["cpu_estimate"] = CpuEstimate(watts_per_core)
    return meters


def survey(powercap: str = ROOT) -> list[MeterStatus]:
    """The state of every meter that this version knows; CodeCarbon is only looked for."""
    estimate = CpuEstimate()
    return [
        _try(Rapl(powercap), "rapl"),
        _try(estimate, "cpu_estimate", _assumption(estimate)),
        _codecarbon(),
    ]


def _try(meter: Meter, name: str, note: str = "") -> MeterStatus:
    try:
        meter.start()
        channels = tuple(meter.channels)
    except MeterError as error:
        return MeterStatus(name, False, f"{error.where}: {error.what}", error.cure or "")
    finally:
        meter.stop()
    names = tuple(channel.name for channel in channels)
    measured = any(c.provenance == "measured" and c.kind != "auxiliary" for c in channels)
    return MeterStatus(name, True, note or ", ".join(names), "", measured, names)


def _assumption(estimate: CpuEstimate) -> str:
    watts = estimate.watts_per_core
    source = "CodeCarbon's figure" if watts == WATTS_PER_THREAD else "the CPU's declared power"
    return f"estimate: CPU time x {watts:.3g} W per busy thread ({source})"


def _codecarbon() -> MeterStatus:
    if importlib.util.find_spec("codecarbon") is None:
        return MeterStatus("codecarbon", False, "not installed", "pip install codecarbon")
    return MeterStatus("codecarbon", True, "estimate beside what is measured, at 1 Hz")
