"""What can be refused before a fit begins."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from joulelab.errors import ConfigError, JoulelabError
from joulelab.records import ComputeSettings


def device_for(compute: ComputeSettings) -> torch.device:
    """ConfigError for more than one device, or a GPU where torch sees none."""
    if compute.devices != 1:
        raise ConfigError(
            f"this learner computes on one device, not on {compute.devices}",
            where="hardware.devices",
            cure="say hardware.devices=1",
        )
    if compute.accelerator == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if compute.accelerator == "gpu":
        raise ConfigError(
            "torch sees no GPU here",
            where="hardware.accelerator",
            cure="say hardware.accelerator=cpu, or install a torch build for your GPU",
        )
    return torch.device("cpu")


def check_call(function: Callable[..., Any], key: str, *values: Any, **named: Any) -> None:
    """ConfigError at `key` where the function does not take these arguments."""
    while isinstance(function, functools.partial):
        values, named = (*function.args, *values), {**function.keywords, **named}
        function = function.func
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # built-in, it says nothing of itself
        return
    try:
        signature.bind(*values, **named)
    except TypeError as error:
        raise ConfigError(str(error), where=key, cure="check the keys below it") from error


@contextmanager
def errors_of_workers() -> Iterator[None]:
    """A DataLoader makes of an error in its worker one whose words are a whole traceback: here only
    the sentence that it ends with passes."""
    try:
        yield
    except JoulelabError as error:
        if "DataLoader worker process" not in error.what:
            raise
        sentence = error.what.rpartition(f"{type(error).__name__}: ")[2]
        raise type(error)(" ".join(sentence.split())) from None
