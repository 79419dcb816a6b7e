"""One file a knob; this one only says which key of the `hardware` group turns which knob."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from joulelab.errors import HardwareDenied, HardwareError
from joulelab.hardware.cpu_affinity import CpuAffinity
from joulelab.hardware.cpu_boost import CpuBoost
from joulelab.hardware.cpu_frequency import CpuFrequencyHz, CpuFrequencyPercent
from joulelab.hardware.cpu_governor import CpuEnergyPreference, CpuGovernor
from joulelab.hardware.cpu_online import CpuOnline
from joulelab.hardware.gpu_clock import GpuClockHz, GpuClockPercent, GpuMemoryClockHz
from joulelab.hardware.gpu_power import GpuPowerLimit
from joulelab.hardware.jetson_clocks import JetsonClocks
from joulelab.hardware.jetson_gpu import JetsonGpuFrequency
from joulelab.hardware.jetson_power_mode import JetsonPowerMode
from joulelab.hardware.machine import Machine
from joulelab.hardware.schema import check
from joulelab.hardware.threads import Threads
from joulelab.protocols import Knob

Make = Callable[[Any, Machine], Knob]
Look = Callable[[Machine], str]

# In this order: a power mode sets cores and clocks, cores that are off have no clock to set, and
# the number of threads follows the cores that are left.
KNOBS: dict[str, tuple[Make, Look]] = {
    "jetson_power_mode": (JetsonPowerMode, JetsonPowerMode.look),
    "jetson_clocks": (lambda on, machine: JetsonClocks(machine), JetsonClocks.look),
    "cpu_online": (CpuOnline, CpuOnline.look),
    "cpu_boost": (CpuBoost, CpuBoost.look),
    "cpu_governor": (CpuGovernor, CpuGovernor.look),
    "cpu_energy_preference": (CpuEnergyPreference, CpuEnergyPreference.look),
    "cpu_frequency_percent": (CpuFrequencyPercent, CpuFrequencyPercent.look),
    "cpu_frequency_hz": (CpuFrequencyHz, CpuFrequencyHz.look),
    "gpu_frequency_percent": (JetsonGpuFrequency, JetsonGpuFrequency.look),
    "gpu_power_limit_w": (GpuPowerLimit, GpuPowerLimit.look),
    "gpu_clock_percent": (GpuClockPercent, GpuClockPercent.look),
    "gpu_clock_hz": (GpuClockHz, GpuClockHz.look),
    "gpu_memory_clock_hz": (GpuMemoryClockHz, GpuMemoryClockHz.look),
    "cpu_affinity": (lambda cores, _: CpuAffinity(cores), lambda _: CpuAffinity.look()),
    "threads": (lambda count, _: Threads(count), lambda _: Threads.look()),
}


def knobs(settings: Mapping[str, Any]) -> list[Knob]:
    """The knobs that `settings` turns, in a fixed order: those whose key is there and neither null
    nor `jetson_clocks: false`. ConfigError for a key or value that makes no sense."""
    check(settings)
    machine = Machine.of(settings)
    return [
        make(settings[key], machine)
        for key, (make, _) in KNOBS.items()
        if settings.get(key) is not None and not (key == "jetson_clocks" and not settings[key])
    ]


def survey(settings: Mapping[str, Any]) -> list[tuple[str, bool, str, str | None]]:
    """(key, whether it can be turned here, what is there or why not, the cure), for every knob.
    Changes nothing."""
    check(settings)
    machine = Machine.of(settings)
    found: list[tuple[str, bool, str, str | None]] = []
    for name, (_, look) in KNOBS.items():
        try:
            found.append((name, True, look(machine), None))
        except HardwareDenied as error:
            found.append((name, False, error.what, error.cure))
        except HardwareError as error:
            found.append((name, False, error.what, None))
    return found
