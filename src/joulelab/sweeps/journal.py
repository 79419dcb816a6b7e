"""Optuna's journal file, safe against a writer that died: in the middle of a line, which makes the
file unreadable for Optuna alone, or with the lock, for which Optuna alone makes all wait 30 s."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from joulelab.sweeps import workers

STALE_S = 30.0
"""A lock of another machine that nobody has given back for so long is broken."""


def opened(path: str) -> JournalStorage:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(path, WholeLines(path)))


class LinkLock(JournalFileSymlinkLock):
    """A symbolic link whose text says who holds it: made at once or not at all on every file
    system, NFS included."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._link = Path(f"{path}.lock")
        self._me = f"{workers.place()} {os.getpid()} {workers.start_of(os.getpid())}"

    def acquire(self) -> bool:
        held, since_s, pause_s = "", time.monotonic(), 0.001
        while True:
            try:
                self._link.symlink_to(f"{self._me} {uuid.uuid4().hex}")
                return True
            except FileExistsError:
                holder = self._holder()
            if holder != held:
                held, since_s = holder, time.monotonic()
            if holder and (self._is_dead(holder) or time.monotonic() - since_s > STALE_S):
                self._break(holder)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.05)

    def release(self) -> None:
        self._link.unlink(missing_ok=True)

    def _holder(self) -> str:
        try:
            return os.readlink(self._link)  # noqa: PTH115 it is no path
        except OSError:
            return ""

    def _is_dead(self, holder: str) -> bool:
        place, pid, started, _ = holder.rsplit(" ", 3)
        return place == workers.place() and workers.start_of(int(pid)) != started

    def _break(self, holder: str) -> None:
        """One at a time on this machine, so that nobody breaks the lock of whoever came next."""
        descriptor = os.open(f"{self._link}.break", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with suppress(OSError):  # a file system without such locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if self._holder() == holder:
                self._link.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


class WholeLines(LinkLock):
    """Whoever gets the lock finds whole lines, and whoever gives it back leaves whole lines."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = Path(path)

    def acquire(self) -> bool:
        got = super().acquire()
        self._cut()
        return got

    def release(self) -> None:
        self._cut()
        super().release()

    def _cut(self) -> None:
        with self._path.open("rb+") as file:
            end = file.seek(0, os.SEEK_END)
            if end == 0 or _byte(file, end - 1) == b"\n":
                return
            while end and _byte(file, end - 1) != b"\n":
                end -= 1
            file.truncate(end)


def _byte(file: Any, at: int) -> bytes:
    file.seek(at)
    found: bytes = file.read(1)
    return found
