from __future__ import annotations

import ctypes

from joulelab.errors import HardwareError
from joulelab.hardware.machine import Machine
from joulelab.hardware.nvml_calls import Nvml
from joulelab.hardware.nvml_knob import NvmlKnob

GET, SET = "nvmlDeviceGetPowerManagementLimit", "nvmlDeviceSetPowerManagementLimit"


class GpuPowerLimit(NvmlKnob):
    name = "gpu_power_limit_w"

    def __init__(self, watts: float, machine: Machine) -> None:
        super().__init__(machine)
        self._wanted_mw = round(watts * 1000)

    @classmethod
    def look_gpu(cls, nvml: Nvml, gpu: ctypes.c_void_p) -> str:
        least, most = nvml.limits(gpu)
        return (
            f"{nvml.number(GET, gpu) / 1000:.4g} W, from {least / 1000:.4g} to {most / 1000:.4g} W"
        )

    def turn_gpu(self, nvml: Nvml, index: int, gpu: ctypes.c_void_p) -> None:
        least, most = nvml.limits(gpu)
        if not least <= self._wanted_mw <= most:
            raise HardwareError(
                f"{self._wanted_mw / 1000:.4g} W is no limit that GPU {index} takes",
                where=self.where,
                cure=f"say {least / 1000:.4g} to {most / 1000:.4g}",
            )
        old = nvml.number(GET, gpu)
        if old != self._wanted_mw:
            self.undo_with(index, SET, old)
            nvml.call(SET, gpu, ctypes.c_uint(self._wanted_mw))

    def verify_gpu(self, nvml: Nvml, index: int, gpu: ctypes.c_void_p) -> str:
        found = nvml.number(GET, gpu)
        if found != self._wanted_mw:
            raise HardwareError(f"GPU {index} stays at {found / 1000:.4g} W", where=self.where)
        return f"{found / 1000:.4g} of {nvml.limits(gpu)[1] / 1000:.4g} W"
