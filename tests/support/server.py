"""A program that listens on a port of loopback, on whatever port is free when it starts."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

READY_S = 120.0
UNCLAIMED_PORTS = (15_000, 32_000)
TAKEN = ("address already in use", "address in use", "errno 98")


class Server:
    """Runs `command(port)` below `folder` from `start` (or `with`) to `stop`, in a session of its own.

    Who asks for `port` or `url` may tell others: from then on it stays, also when started again. Until
    then a start whose port another process took meanwhile goes on to the next one.
    """

    def __init__(
        self,
        folder: Path,
        command: Callable[[int], Sequence[str]],
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._folder = folder
        self._command = command
        self._environment = {**os.environ, **environment}
        self._port = free_port()
        self._told = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        self._told = True
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Server:
        self._folder.mkdir(parents=True, exist_ok=True)
        until_s = time.monotonic() + READY_S
        while not self._started(until_s):
            said = self._log.read_text(errors="replace")
            if time.monotonic() > until_s or not any(words in said.lower() for words in TAKEN):
                raise RuntimeError(f"{self._command(self._port)[0]}: {said[-600:]}")
            if self._told:
                time.sleep(0.1)
            else:
                self._port = free_port()
        return self

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _started(self, until_s: float) -> bool:
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command(self._port),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )
        while self._process.poll() is None and time.monotonic() < until_s:
            if _listens(self._process.pid, self._port):
                return True
            time.sleep(0.02)
        self.stop()
        return False


def free_port() -> int:
    """For a program to listen on: below the ports that the kernel gives to outgoing connections, one of
    which could otherwise take it before the program does."""
    while True:
        port = random.SystemRandom().randrange(*UNCLAIMED_PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def _listens(session: int, port: int) -> bool:
    """Whether a process of the session does, and not whoever else took the port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1:4:2] == [f"0100007F:{port:04X}", "0A"]}
    return any(_holds(process, sockets) for process in _members(session) if sockets)


def _members(session: int) -> list[int]:
    members = []
    for folder in Path("/proc").glob("[1-9]*"):
        with suppress(OSError):
            if os.getsid(process := int(folder.name)) == session:
                members.append(process)
    return members


def _holds(process: int, sockets: set[str]) -> bool:
    with suppress(OSError):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                if str(descriptor.readlink()) in sockets:
                    return True
    return False
