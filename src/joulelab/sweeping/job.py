"""The process of one trial: on its own, holding its folder, with its words in a file."""

from __future__ import annotations

import fcntl
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from joulelab import jobs
from joulelab.errors import RunFailed

LOG, HELD = "job.log", "job.lock"


def start(
    work: Callable[[DictConfig], Any], cfg: DictConfig, trial: Path, modules: tuple[str, ...]
) -> jobs.Job:
    trial.mkdir(parents=True, exist_ok=True)
    return jobs.start(functools.partial(_alone, work, cfg, str(trial)), modules)


def _alone(work: Callable[[DictConfig], Any], cfg: DictConfig, trial: str) -> None:
    # A group of its own: Ctrl-C at the terminal is the sweeper's to answer, not every job's.
    os.setpgid(0, 0)
    folder = Path(trial)
    if lock(folder / HELD) is None:
        raise RunFailed("a job of this trial is already at work", where=trial)
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    work(cfg)


def lock(path: Path) -> int | None:
    """A descriptor that holds `path` until it is closed or its process dies; None where another
    process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def at_work(trial: Path) -> bool:
    """Whether some process runs a job of this trial."""
    descriptor = lock(trial / HELD)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
