"""What the knobs of NVIDIA's discrete GPUs share."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from joulelab.errors import HardwareDenied, HardwareError
from joulelab.hardware import nvml_calls
from joulelab.hardware.machine import Machine, SystemKnob
from joulelab.hardware.nvml_calls import NO_PERMISSION, Nvml, NvmlFailure


class NvmlKnob(SystemKnob):
    """One setting of every GPU that `hardware.gpus` names. Subclasses fill `turn_gpu`, `verify_gpu`
    and `look_gpu`."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._held = ExitStack()

    def turn_gpu(self, nvml: Nvml, index: int, gpu: ctypes.c_void_p) -> None:
        raise NotImplementedError

    def verify_gpu(self, nvml: Nvml, index: int, gpu: ctypes.c_void_p) -> str:
        raise NotImplementedError

    @classmethod
    def look_gpu(cls, nvml: Nvml, gpu: ctypes.c_void_p) -> str:
        raise NotImplementedError

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        with opened(machine, where) as (nvml, indices):
            seen = [cls.look_gpu(nvml, nvml.gpu(index)) for index in indices]
        if os.geteuid() != 0:
            raise denied(where)
        return _spoken(seen)

    def turn(self) -> None:
        with opened(self._machine, self.where) as (nvml, indices):
            # Without persistence mode the driver forgets its settings when its last user leaves.
            self._held.enter_context(Nvml(self._machine.nvml_library))
            for index in indices:
                self.turn_gpu(nvml, index, nvml.gpu(index))

    def verify(self) -> str:
        with opened(self._machine, self.where) as (nvml, indices):
            return _spoken([self.verify_gpu(nvml, index, nvml.gpu(index)) for index in indices])

    def restore(self) -> None:
        with self._held:
            super().restore()

    def undo_with(self, index: int, function: str, *values: int) -> None:
        """Remembers the call that undoes what is about to be done to this GPU."""
        program = [sys.executable, "-I", "-S", nvml_calls.__file__]
        numbers = [str(number) for number in (index, *values)]
        command = [*program, self._machine.nvml_library, numbers[0], function, *numbers[1:]]
        self.remember({"run": command})


@contextmanager
def opened(machine: Machine, where: str) -> Iterator[tuple[Nvml, list[int]]]:
    """The library and the indices of the GPUs; what it refuses becomes a HardwareError."""
    try:
        with Nvml(machine.nvml_library) as nvml:
            count = nvml.count()
            indices = list(range(count)) if machine.gpus is None else list(machine.gpus)
            foreign = [index for index in indices if not 0 <= index < count]
            if foreign or not indices:
                raise HardwareError(
                    f"this machine has {count} GPUs, none of the number {foreign or 0}",
                    where="hardware.gpus",
                )
            yield nvml, indices
    except OSError as error:
        raise HardwareError(
            f"NVIDIA's library {machine.nvml_library} is not here",
            where=where,
            cure="install the NVIDIA driver, or name its file by hardware.nvml_library=...",
        ) from error
    except NvmlFailure as failure:
        if failure.code == NO_PERMISSION:
            raise denied(where) from failure
        raise HardwareError(f"the NVIDIA driver says: {failure}", where=where) from failure


def denied(where: str) -> HardwareDenied:
    python = Path(sys.executable).resolve()
    return HardwareDenied(
        "this user may not change the settings of the GPU",
        where=where,
        cure=f"sudo setcap cap_sys_admin+ep {python}, or start the run by sudo",
    )


def _spoken(texts: list[str]) -> str:
    different = list(dict.fromkeys(texts))
    if len(different) == 1:
        return f"{texts[0]} on {len(texts)} GPU{'' if len(texts) == 1 else 's'}"
    return ", ".join(f"{text} on GPU {index}" for index, text in enumerate(texts))
