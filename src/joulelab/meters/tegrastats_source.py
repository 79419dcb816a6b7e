"""Where lines of tegrastats come from: the tool itself, or a log that it is writing."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from joulelab.errors import MeterDenied, MeterUnavailable

STARTS = 2
"""The tool is started again once where it ends by itself."""

LOOK_S = 0.05
STOP_S = 1.0
LOG_CURE = "sudo tegrastats --interval 1000 --logfile <path>"


class Program:
    """The tool, in a process group of its own: neither Ctrl-C nor our end leaves it behind, for
    the pipe that it writes to breaks with us."""

    def __init__(self, command: str, interval_s: float) -> None:
        self._words = shlex.split(command)
        self._interval_ms = max(round(interval_s * 1000), 1)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self.trouble: str | None = None

    def check(self) -> None:
        """MeterUnavailable or MeterDenied where it cannot be started."""
        where = "meter.tegrastats.command"
        if not self._words:
            raise MeterUnavailable("no command", where=where, cure="say tegrastats")
        name = self._words[0]
        if shutil.which(name) is None:
            there = shutil.which(name, mode=os.F_OK)
            if there is not None:
                raise MeterDenied(
                    "may not be executed", where=there, cure=f"`sudo chmod a+x {there}`"
                )
            raise MeterUnavailable(
                f"there is no program {name}",
                where=where,
                cure="only Jetson boards have it; name its path where it is not on PATH",
            )

    def lines(self) -> Iterator[str | None]:
        """Whole lines as they come; None where the tool ended by itself."""
        for start in range(STARTS):
            process = self._start()
            if process is None:
                return
            assert process.stdout is not None
            with process.stdout as out:
                for line in _whole_lines(out):
                    if self._stopped:
                        return
                    yield line
            code = process.wait()
            if self._stopped:
                return
            again = "started again" if start + 1 < STARTS else "not started again"
            self.trouble = f"tegrastats ended by itself (exit code {code}), {again}"
            yield None

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            # A tool under sudo is not ours to end: it does so at its next line, on a closed pipe.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
                return

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            try:
                self._process = subprocess.Popen(
                    [*self._words, "--interval", str(self._interval_ms)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                self.trouble = f"tegrastats does not start: {error.strerror}"
                return None
            return self._process


class Log:
    """The end of a file that somebody else's tegrastats writes; emptied or replaced, it goes on."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._ended = threading.Event()
        self.trouble: str | None = None

    def check(self) -> None:
        try:
            with self._path.open("rb"):
                return
        except PermissionError as error:
            raise MeterDenied(
                "may not be read", where=str(self._path), cure=f"`sudo chmod a+r {self._path}`"
            ) from error
        except OSError as error:
            raise MeterUnavailable(
                error.strerror or "cannot be read",
                where=str(self._path),
                cure=f"start `{LOG_CURE}` first",
            ) from error

    def lines(self) -> Iterator[str | None]:
        """Whole lines written from now on; None where the file vanished or was emptied."""
        from_end = True
        while not self._ended.is_set():
            try:
                with self._path.open("rb") as log:
                    if from_end:
                        log.seek(0, os.SEEK_END)
                    yield from self._grown(log)
            except OSError:
                self._ended.wait(LOOK_S)
                continue
            from_end = False
            if not self._ended.is_set():
                self.trouble = "the log was emptied or replaced"
                yield None

    def stop(self) -> None:
        self._ended.set()

    def _grown(self, log: IO[bytes]) -> Iterator[str]:
        rest = b""
        while not self._ended.wait(LOOK_S):
            rest += log.read()
            *whole, rest = rest.split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
            try:
                there, own = self._path.stat(), os.fstat(log.fileno())
            except OSError:
                return
            if there.st_ino != own.st_ino or there.st_size < log.tell():
                return


def _whole_lines(out: IO[bytes]) -> Iterator[str]:
    for raw in out:
        # The last line of a tool that was killed may be cut anywhere.
        if raw.endswith(b"\n"):
            yield raw.decode(errors="replace")
