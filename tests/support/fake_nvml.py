"""GPUs that are not there: a shared library with NVML's calls over a state that tests change live.

`FakeNvml(folder, [FakeGpu()]).library` is the path of a `libnvidia-ml.so.1`. Three ways to have it
loaded: the `library` key of whatever takes one, LD_LIBRARY_PATH=<folder> of a sub-process, or
`pynvml.nvmlLib = ctypes.CDLL(path)` before `nvmlInit`.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("nvml_library.c")
COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
CLOCK_GRAPHICS, CLOCK_SM, CLOCK_MEMORY, CLOCK_VIDEO = range(4)
NOT_SUPPORTED, NO_PERMISSION, GPU_IS_LOST, UNKNOWN = 3, 4, 15, 999
_CLOCKS = ctypes.c_uint32 * 4


class GpuState(ctypes.Structure):
    """What the library answers; `*_error` are NVML return codes, 0 for none. `error` strikes every
    call, `set_error` those that change something. Live: assign at any time."""

    _fields_ = (
        ("name", ctypes.c_char * 64),
        ("uuid", ctypes.c_char * 64),
        *((key, ctypes.c_uint64) for key in ("energy_mj", "memory_total_bytes")),
        ("memory_used_bytes", ctypes.c_uint64),
        *((key, ctypes.c_uint32) for key in ("power_mw", "average_mw", "architecture")),
        ("mig_mode", ctypes.c_uint32),
        *((f"limit_{key}mw", ctypes.c_uint32) for key in ("", "min_", "max_", "default_")),
        *((f"locked_{key}_mhz", ctypes.c_uint32) for key in ("min", "max")),
        *((f"memory_locked_{key}_mhz", ctypes.c_uint32) for key in ("min", "max")),
        ("clock_mhz", _CLOCKS),
        ("max_clock_mhz", _CLOCKS),
        *((key, ctypes.c_uint32) for key in ("busy_percent", "memory_busy_percent")),
        ("temperature_c", ctypes.c_uint32),
        *((f"{key}error", ctypes.c_int32) for key in ("", "energy_", "power_", "field_")),
        *((f"{key}_error", ctypes.c_int32) for key in ("mig", "limit", "set")),
        ("parent", ctypes.c_int32),
    )


class State(ctypes.Structure):
    """`init_error` strikes every call of the library; `delay_us` is slept in every call to a GPU,
    `calls` counts them, `users` those who initialised and did not shut down."""

    _fields_ = (
        ("init_error", ctypes.c_int32),
        *((key, ctypes.c_uint32) for key in ("count", "delay_us", "calls", "users")),
        ("gpus", GpuState * 8),
    )


@dataclass(frozen=True)
class FakeGpu:
    """`architecture`: NVML_DEVICE_ARCH_*. `counter`, `instant`, `power`: which calls it supports.
    `limit_w`: least, default, most. `parent`: number of the GPU that this is a MIG instance of; such
    ones come last and tell nothing."""

    name: str = "NVIDIA GeForce RTX 3090"
    architecture: int = 7
    watts: float = 100.0
    energy_j: float = 5000.0
    counter: bool = True
    instant: bool = True
    power: bool = True
    mig: bool | None = None
    limit_w: tuple[int, int, int] = (100, 350, 400)
    max_clock_mhz: tuple[int, int] = (2100, 9751)
    parent: int | None = None


class FakeNvml:
    """The library and its state in `folder`; `gpus` are live (`fake.gpus[0].power_mw = 120_000`)."""

    def __init__(self, folder: Path, gpus: Sequence[FakeGpu] = (FakeGpu(),)) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.library = str(folder / "libnvidia-ml.so.1")
        shutil.copyfile(_compiled(), self.library)
        path = Path(f"{self.library}.state")
        path.write_bytes(bytes(ctypes.sizeof(State)))
        with path.open("r+b") as file:
            self.state = State.from_buffer(mmap.mmap(file.fileno(), 0))
        self.state.count = len(gpus)
        self.gpus = [self.state.gpus[number] for number in range(len(gpus))]
        for number, (state, gpu) in enumerate(zip(self.gpus, gpus, strict=True)):
            _fill(state, gpu, number)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def play(
        self,
        energy_j: Callable[[float], float],
        refresh_s: float = 0.1,
        start_ns: int | None = None,
        change: Callable[[float], None] = lambda seconds: None,
    ) -> FakeNvml:
        """Let every GPU count `energy_j` of the seconds since `start_ns` (now), until `stop`.

        Counter and power move each `refresh_s`; `change` is called before, to strike a fault.
        """
        zero_ns = time.monotonic_ns() if start_ns is None else start_ns
        base_mj = [gpu.energy_mj for gpu in self.gpus]

        def run() -> None:
            while not self._ended.wait(refresh_s / 2 if refresh_s < 0.01 else 0.002):
                seconds = (time.monotonic_ns() - zero_ns) / 1e9
                change(seconds)
                self._show(energy_j, seconds // refresh_s * refresh_s, base_mj)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _show(self, energy_j: Callable[[float], float], seconds: float, base_mj: list[int]) -> None:
        now_j = energy_j(seconds)
        for gpu, base in zip(self.gpus, base_mj, strict=True):
            gpu.energy_mj = base + round(now_j * 1000)
            gpu.power_mw = round((energy_j(seconds + 5e-4) - energy_j(seconds - 5e-4)) * 1e6)
            gpu.average_mw = round((now_j - energy_j(seconds - 1.0)) * 1000)


def _fill(state: GpuState, gpu: FakeGpu, number: int) -> None:
    state.name = gpu.name.encode()
    kind = "GPU" if gpu.parent is None else "MIG"
    state.uuid = f"{kind}-00000000-0000-0000-0000-{number:012d}".encode()
    state.parent = -1 if gpu.parent is None else gpu.parent
    state.architecture = gpu.architecture
    state.energy_mj = round(gpu.energy_j * 1000)
    state.power_mw = state.average_mw = round(gpu.watts * 1000)
    whole = gpu.parent is None
    state.energy_error = 0 if gpu.counter and whole else NOT_SUPPORTED
    state.field_error = 0 if gpu.instant and whole else NOT_SUPPORTED
    state.power_error = 0 if gpu.power and whole else NOT_SUPPORTED
    state.mig_error = NOT_SUPPORTED if gpu.mig is None else 0
    state.mig_mode = int(bool(gpu.mig))
    least_w, default_w, most_w = gpu.limit_w
    state.limit_min_mw, state.limit_max_mw = least_w * 1000, most_w * 1000
    state.limit_mw = state.limit_default_mw = default_w * 1000
    core_mhz, memory_mhz = gpu.max_clock_mhz
    state.clock_mhz = state.max_clock_mhz = _CLOCKS(core_mhz, core_mhz, memory_mhz, core_mhz)
    state.memory_total_bytes, state.memory_used_bytes = 24 << 30, 2 << 30
    state.busy_percent, state.memory_busy_percent, state.temperature_c = 87, 40, 61


@functools.cache
def _compiled() -> Path:
    assert COMPILER is not None, "no C compiler: skip tests that need this with COMPILER"
    target = Path(tempfile.mkdtemp(prefix="fake-nvml-")) / "library.so"
    # Symbolic: TensorFlow brings calls of the same names, and would be asked instead.
    flags = ["-shared", "-fPIC", "-O1", "-Wl,-Bsymbolic"]
    subprocess.run([COMPILER, *flags, "-o", target, SOURCE], check=True)
    return target
