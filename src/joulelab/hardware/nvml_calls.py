"""The few calls of NVIDIA's management library that turn something, through ctypes.

As a program it makes one of them: `nvml_calls.py library gpu function value ...`: so that the
guardian can undo. Started by path with `-I -S`, so nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence

NOT_SUPPORTED, NO_PERMISSION = 3, 4
GRAPHICS, SM, MEMORY = 0, 1, 2


class NvmlFailure(Exception):
    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Nvml:
    """NVML, open until `close`. NvmlFailure for whatever it refuses; OSError where it is not."""

    def __init__(self, library: str) -> None:
        self._library = ctypes.CDLL(library)
        self._library.nvmlErrorString.restype = ctypes.c_char_p
        self.call("nvmlInit_v2")

    def __enter__(self) -> Nvml:
        return self

    def __exit__(self, *exception: object) -> None:
        self._library.nvmlShutdown()

    def call(self, function: str, *arguments: object) -> None:
        try:
            code = getattr(self._library, function)(*arguments)
        except AttributeError as error:
            raise NvmlFailure(NOT_SUPPORTED, f"this driver has no {function}") from error
        if code:
            raise NvmlFailure(code, self._library.nvmlErrorString(code).decode())

    def count(self) -> int:
        return self.number("nvmlDeviceGetCount_v2")

    def gpu(self, index: int) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        self.call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
        return handle

    def number(self, function: str, *arguments: object) -> int:
        """The unsigned number that the function writes to its last argument."""
        found = ctypes.c_uint()
        self.call(function, *arguments, ctypes.byref(found))
        return found.value

    def limits(self, gpu: ctypes.c_void_p) -> tuple[int, int]:
        """Least and greatest power limit (mW)."""
        least, most = ctypes.c_uint(), ctypes.c_uint()
        name = "nvmlDeviceGetPowerManagementLimitConstraints"
        self.call(name, gpu, ctypes.byref(least), ctypes.byref(most))
        return least.value, most.value

    def clocks(self, gpu: ctypes.c_void_p, kind: int) -> list[int]:
        """Supported clocks (MHz), ascending; none where the driver does not list them."""
        try:
            memory = self._table("nvmlDeviceGetSupportedMemoryClocks", gpu)
            if kind == MEMORY:
                return memory
            greatest = ctypes.c_uint(max(memory))
            return self._table("nvmlDeviceGetSupportedGraphicsClocks", gpu, greatest)
        except (NvmlFailure, ValueError):
            return []

    def _table(self, function: str, *arguments: object) -> list[int]:
        room = 1024
        count, table = ctypes.c_uint(room), (ctypes.c_uint * room)()
        self.call(function, *arguments, ctypes.byref(count), table)
        return sorted(table[: count.value])


def main(arguments: Sequence[str]) -> None:
    library, index, function, *values = arguments
    with Nvml(library) as nvml:
        gpu = nvml.gpu(int(index))
        nvml.call(function, gpu, *(ctypes.c_uint(int(value)) for value in values))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (NvmlFailure, OSError) as error:
        sys.exit(str(error))
