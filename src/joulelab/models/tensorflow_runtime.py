"""TensorFlow, made ready: quiet, on the device that was asked for, with the threads of the knob."""

from __future__ import annotations

import functools
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from joulelab.errors import ConfigError, HardwareError
from joulelab.records import ComputeSettings

_CHATTER = re.compile(rb"[IW]\d{4} [\d:.]+ +\d+ \S+:\d+\] |WARNING: All log messages before absl")


@functools.cache
def load_tensorflow() -> Any:
    """The module, imported at the first call; ConfigError where it is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _without_chatter():
            import tensorflow
    except ImportError as error:
        raise ConfigError(
            "this model needs TensorFlow, which is not installed",
            where="model",
            cure='pip install "joulelab[tensorflow]"',
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tensorflow


def check_compute(compute: ComputeSettings) -> None:
    """ConfigError for what our TensorFlow models do not compute with, or a GPU that TensorFlow does not
    see. Starts nothing."""
    for key, value, allowed in (
        ("devices", compute.devices, 1),
        ("channels_last", compute.channels_last, False),
    ):
        if value != allowed:
            raise ConfigError(
                f"this model does not compute with {str(value).lower()}",
                where=f"hardware.{key}",
                cure=f"say hardware.{key}={str(allowed).lower()}",
            )
    if compute.accelerator == "gpu" and not _gpus():
        raise ConfigError(
            "TensorFlow sees no GPU here",
            where="hardware.accelerator",
            cure='say hardware.accelerator=cpu, or pip install "tensorflow[and-cuda]"',
        )


def ready_device(compute: ComputeSettings) -> str:
    """The device's name for `tf.device`, once its runtime may start.

    The number of threads is that of the environment, where the knob `threads` puts it; HardwareError
    where TensorFlow already runs with another one in this process.
    """
    _set_threads()
    if compute.accelerator == "cpu" or not _gpus():
        return "/CPU:0"
    config = load_tensorflow().config.experimental
    for gpu in _gpus():
        # All of a GPU's memory at once would starve whatever else runs on it.
        if not config.get_memory_growth(gpu):
            config.set_memory_growth(gpu, True)
    return "/GPU:0"


def _gpus() -> list[Any]:
    return list(load_tensorflow().config.list_physical_devices("GPU"))


def _set_threads() -> None:
    """As OMP_NUM_THREADS says, which TensorFlow itself does not heed: all learners count alike."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if not wanted.isdigit() or int(wanted) < 1:
        return
    threading = load_tensorflow().config.threading
    try:
        threading.set_intra_op_parallelism_threads(int(wanted))
        threading.set_inter_op_parallelism_threads(int(wanted))
    except RuntimeError as error:
        raise HardwareError(
            f"TensorFlow runs in this process already, not on {wanted} threads",
            where="hardware.threads",
            cure="use a process of its own",
        ) from error


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Holds back what C++ says on stderr, then passes on what is neither information nor a warning:
    TensorFlow 2.21 heeds its log level only once its import is over."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    os.write(2, line)
