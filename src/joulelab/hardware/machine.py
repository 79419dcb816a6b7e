"""Where the settings of this machine are, and what every knob that outlives the process shares."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joulelab.errors import HardwareDenied, HardwareError
from joulelab.hardware import guardian
from joulelab.hardware.guardian import Step
from joulelab.hardware.keeper import Keeper

SETTLE_S = 0.05
"""Between setting and reading back: firmware and drivers may clamp a little later."""


@dataclass
class Machine:
    sysfs: Path = Path("/sys")
    nvml_library: str = "libnvidia-ml.so.1"
    nvpmodel_conf: Path = Path("/etc/nvpmodel.conf")
    gpus: tuple[int, ...] | None = None
    keeper: Keeper = field(default_factory=Keeper)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Machine:
        """As the group `hardware` describes it."""
        given = {key: settings[key] for key in ("nvml_library",) if settings.get(key)}
        given |= {
            key: Path(settings[key]) for key in ("sysfs", "nvpmodel_conf") if settings.get(key)
        }
        gpus = settings.get("gpus")
        return cls(**given, gpus=None if gpus is None else tuple(gpus))


class SystemKnob:
    """A knob that outlives this process. Subclasses fill `turn` and `verify`; each change goes
    through `remember` before it is made, so that the guardian can undo it."""

    name: str
    applied: str | None = None

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._undo: list[tuple[int, Step]] = []

    def turn(self) -> None:
        raise NotImplementedError

    def verify(self) -> str:
        """What holds now, as short text; HardwareError where it is not what was asked."""
        raise NotImplementedError

    @property
    def where(self) -> str:
        return f"hardware.{self.name}"

    def apply(self) -> None:
        try:
            self.turn()
            time.sleep(SETTLE_S)
            self.applied = self.verify()
        except BaseException:
            # What cannot be undone now stays with the guardian, and the first error matters more.
            with contextlib.suppress(HardwareError):
                self.restore()
            raise

    def restore(self) -> None:
        failed = guardian.undo_all([step for _, step in self._undo])
        kept = [id(step) for step, _ in failed]
        for number, step in self._undo:
            if id(step) not in kept:
                self._machine.keeper.forget(number)
        self._undo = [(number, step) for number, step in self._undo if id(step) in kept]
        self.applied = None
        if failed:
            step, why = failed[0]
            raise HardwareError(
                f"could not be set back: {why}", where=self.where, cure=guardian.by_hand(step)
            )

    def remember(self, step: Step) -> None:
        self._undo.append((self._machine.keeper.keep(step), step))

    def change(self, path: Path, text: str) -> None:
        old = self.read(path)
        if old != text:
            self.check_right(path, text)
            self.remember({"write": str(path), "text": old})
            self._try(path, text, lambda: guardian.write_text(str(path), text))

    def check_right(self, path: Path, text: str) -> None:
        """Whether `text` may be written there, without doing it."""
        self._try(path, text, lambda: os.close(os.open(path, os.O_WRONLY)))

    def read(self, path: Path) -> str:
        try:
            return guardian.read_text(str(path))
        except OSError as error:
            raise HardwareError(
                f"{path} cannot be read: {error.strerror}", where=self.where
            ) from error

    def _try(self, path: Path, text: str, writing: Callable[[], None]) -> None:
        try:
            writing()
        except OSError as error:
            raise self._refusal(path, text, error) from error

    def _refusal(self, path: Path, text: str, error: OSError) -> HardwareError:
        if error.errno == errno.EROFS:
            return HardwareDenied(
                f"{path} lies in a file system that is mounted read-only",
                where=self.where,
                cure="start the container with --privileged, or run outside it",
            )
        if error.errno not in (errno.EACCES, errno.EPERM):
            return HardwareError(
                f"the kernel refuses {text} in {path}: {error.strerror}", where=self.where
            )
        if os.geteuid() == 0:
            return HardwareDenied(
                f"the kernel refuses {path} even to root",
                where=self.where,
                cure="look for the setting in the firmware (BIOS), or say hardware.strict=false",
            )
        return denied(self.where, [path])


def denied(where: str, paths: Iterable[Path]) -> HardwareDenied:
    """This user may not write them; the cure speaks of every core."""
    patterns = " ".join(sorted({_pattern(path) for path in paths}))
    return HardwareDenied(
        f"this user may not write {patterns}",
        where=where,
        cure=f"sudo sh -c 'chgrp {os.getegid()} {patterns} && chmod g+w {patterns}'",
    )


def check_writable(where: str, paths: Iterable[Path]) -> None:
    """HardwareDenied where this user may not write one of them."""
    closed = [path for path in paths if not os.access(path, os.W_OK)]
    if closed:
        raise denied(where, closed)


def _pattern(path: Path) -> str:
    """`.../policy3/scaling_max_freq` is `.../policy*/scaling_max_freq`."""
    return re.sub(r"/(policy|cpu)\d+/", r"/\1*/", str(path))
