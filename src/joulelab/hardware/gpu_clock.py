from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence

from joulelab.errors import HardwareError
from joulelab.hardware.cpufreq import gigahertz
from joulelab.hardware.machine import Machine
from joulelab.hardware.nvml_calls import GRAPHICS, MEMORY, SM, Nvml
from joulelab.hardware.nvml_knob import NvmlKnob

STEP_MHZ = 15
WAIT_S = 1.0


class GpuClock(NvmlKnob):
    """Locks a clock of the GPU to one of those that it supports, the nearest.

    The driver does not tell an older lock: restoring gives the choice back to the driver.
    """

    kind = GRAPHICS
    watched = SM
    lock, unlock = "nvmlDeviceSetGpuLockedClocks", "nvmlDeviceResetGpuLockedClocks"

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._wanted_mhz: dict[int, int] = {}

    def asked_mhz(self, lowest: int, highest: int) -> float:
        raise NotImplementedError

    @classmethod
    def look_gpu(cls, nvml: Nvml, gpu: ctypes.c_void_p) -> str:
        table = _table(nvml, gpu, cls.kind)
        return f"{table[0] / 1e3:.4g} to {gigahertz(table[-1] * 1e6)}"

    def turn_gpu(self, nvml: Nvml, index: int, gpu: ctypes.c_void_p) -> None:
        table = _table(nvml, gpu, self.kind)
        asked = self.asked_mhz(table[0], table[-1])
        wanted = min(table, key=lambda each: abs(each - asked))
        self._wanted_mhz[index] = wanted
        self.undo_with(index, self.unlock)
        nvml.call(self.lock, gpu, ctypes.c_uint(wanted), ctypes.c_uint(wanted))

    def verify_gpu(self, nvml: Nvml, index: int, gpu: ctypes.c_void_p) -> str:
        """An idle GPU may run below the lock, never above."""
        wanted, end_s = self._wanted_mhz[index], time.monotonic() + WAIT_S
        while (now := _clock(nvml, gpu, self.watched)) > wanted + STEP_MHZ:
            if time.monotonic() > end_s:
                raise HardwareError(
                    f"GPU {index} runs at {gigahertz(now * 1e6)}, not {gigahertz(wanted * 1e6)}",
                    where=self.where,
                )
            time.sleep(0.02)
        most = _table(nvml, gpu, self.kind)[-1]
        return f"{gigahertz(wanted * 1e6)} of {gigahertz(most * 1e6)}"


class GpuClockPercent(GpuClock):
    """Percent of the highest graphics clock."""

    name = "gpu_clock_percent"

    def __init__(self, percent: float, machine: Machine) -> None:
        super().__init__(machine)
        self._percent = percent

    def asked_mhz(self, lowest: int, highest: int) -> float:
        return highest * self._percent / 100


class GpuClockHz(GpuClock):
    name = "gpu_clock_hz"

    def __init__(self, hertz: float, machine: Machine) -> None:
        super().__init__(machine)
        self._hertz = hertz

    def asked_mhz(self, lowest: int, highest: int) -> float:
        asked = self._hertz / 1e6
        if not lowest - STEP_MHZ <= asked <= highest + STEP_MHZ:
            raise HardwareError(
                f"{gigahertz(self._hertz)} is outside what this GPU can do",
                where=self.where,
                cure=f"say {lowest * 1e6:.4g} to {highest * 1e6:.4g}",
            )
        return asked


class GpuMemoryClockHz(GpuClockHz):
    """The clock of the GPU's memory."""

    name = "gpu_memory_clock_hz"
    kind = watched = MEMORY
    lock, unlock = "nvmlDeviceSetMemoryLockedClocks", "nvmlDeviceResetMemoryLockedClocks"


def _clock(nvml: Nvml, gpu: ctypes.c_void_p, kind: int) -> int:
    return nvml.number("nvmlDeviceGetClockInfo", gpu, ctypes.c_uint(kind))


def _table(nvml: Nvml, gpu: ctypes.c_void_p, kind: int) -> Sequence[int]:
    """Supported clocks, ascending; where the driver lists none, every MHz up to the highest."""
    listed = nvml.clocks(gpu, kind)
    most = nvml.number("nvmlDeviceGetMaxClockInfo", gpu, ctypes.c_uint(kind))
    return listed or range(min(STEP_MHZ, most), most + 1)
