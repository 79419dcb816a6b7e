"""NVIDIA's management library through the package nvidia-ml-py (module pynvml): loading it, and what
its return codes mean to a person."""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import sys
from typing import Any

from joulelab.errors import MeterDenied, MeterError, MeterUnavailable

WHERE = "meter.nvml"

UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NO_PERMISSION = 1, 2, 3, 4
NOT_FOUND, DRIVER_NOT_LOADED, TIMEOUT, IRQ_ISSUE, LIBRARY_NOT_FOUND = 6, 9, 10, 11, 12
FUNCTION_NOT_FOUND, GPU_IS_LOST, RESET_REQUIRED, VERSION_MISMATCH, IN_USE = 13, 15, 16, 18, 19
NOT_READY, UNKNOWN = 27, 999

ABSENT = frozenset({INVALID_ARGUMENT, NOT_SUPPORTED, FUNCTION_NOT_FOUND})
"""The card, or the driver, does not have what was asked for."""

PASSING = frozenset({TIMEOUT, IRQ_ISSUE, IN_USE, NOT_READY, UNKNOWN})
"""No answer this time."""

RESTARTED = frozenset({DRIVER_NOT_LOADED, GPU_IS_LOST, RESET_REQUIRED})
"""What comes after counts from zero."""

GONE = RESTARTED | {UNINITIALIZED, INVALID_ARGUMENT, NOT_FOUND}
"""The handle is worth nothing any more."""

_CURES = {
    NO_PERMISSION: (
        "this user may not ask the GPU",
        "`sudo usermod -aG video,render $USER` and log in again",
    ),
    LIBRARY_NOT_FOUND: (
        "no NVIDIA driver on this machine",
        "install it; a container needs `docker run --gpus all`",
    ),
    DRIVER_NOT_LOADED: ("the NVIDIA driver is not loaded", "`sudo modprobe nvidia`"),
    GPU_IS_LOST: ("the GPU fell off its bus", "reboot"),
    VERSION_MISMATCH: ("the driver and its library are of different versions", "reboot"),
}


def load(library: str | None = None) -> Any:
    """pynvml over the driver's own library, or over the file `library`: then a module of its own, so
    that both can be used side by side."""
    try:
        return importlib.import_module("pynvml") if library is None else _over(library)
    except ImportError as error:
        raise MeterUnavailable(
            "the package nvidia-ml-py is not installed",
            where=WHERE,
            cure="`pip install nvidia-ml-py`",
        ) from error


def refusal(error: Any, where: str = WHERE) -> MeterError:
    """What an NVMLError says, as one of ours."""
    kind = MeterDenied if error.value == NO_PERMISSION else MeterUnavailable
    what, cure = _CURES.get(error.value, (str(error), "see what `nvidia-smi` says"))
    return kind(what, where=where, cure=cure)


@functools.cache
def _over(library: str) -> Any:
    found = importlib.util.find_spec("pynvml")
    if found is None or found.origin is None:
        raise ImportError("pynvml")
    name = f"joulelab_pynvml:{library}"
    spec = importlib.util.spec_from_file_location(name, found.origin)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pynvml looks itself up there
    spec.loader.exec_module(module)
    try:
        module.nvmlLib = ctypes.CDLL(library)  # type: ignore[attr-defined]
    except OSError as error:
        del sys.modules[name]
        raise MeterUnavailable(
            "no such library", where=f"{WHERE}.library={library}", cure="null: the driver's own"
        ) from error
    return module
