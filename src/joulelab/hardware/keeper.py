"""The run's end of the guardian: tells it how to undo each change before the change is made."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import weakref

from joulelab.errors import HardwareError
from joulelab.hardware import guardian
from joulelab.hardware.guardian import Step


class Keeper:
    """Its process starts with the first step, sleeps in a read, and ends when all are forgotten.

    It has a session of its own, so that neither Ctrl-C nor a signal to the run's group reaches it.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0
        self._kept: set[int] = set()
        _keepers.add(self)

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def keep(self, step: Step) -> int:
        if self._process is None:
            self._process = self._start()
        self._number += 1
        self._say({"keep": self._number, **step})
        self._kept.add(self._number)
        return self._number

    def forget(self, number: int) -> None:
        if number not in self._kept:
            return
        self._kept.remove(number)
        with contextlib.suppress(HardwareError):  # a guardian that is gone undoes nothing
            self._say({"forget": number})
        if not self._kept:
            self._close()

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", guardian.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise HardwareError(
                f"the guardian that would undo hardware settings does not start: {error.strerror}",
                where=sys.executable,
            ) from error

    def _say(self, message: Step) -> None:
        stdin = self._process.stdin if self._process is not None else None
        try:
            if stdin is None:
                raise BrokenPipeError
            stdin.write(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise HardwareError(
                "the guardian that would undo hardware settings has died",
                where="hardware",
                cure="start the run again",
            ) from error

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait()

    def abandon(self) -> None:
        """In a forked child: the pipe must end with the run, not with its last worker."""
        process, self._process = self._process, None
        self._kept.clear()
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.returncode = 0  # another process's child


_keepers: weakref.WeakSet[Keeper] = weakref.WeakSet()


def _abandon_all() -> None:
    for keeper in _keepers:
        keeper.abandon()


os.register_at_fork(after_in_child=_abandon_all)
