"""A script slot of a plug: while it runs, its code lives in a node process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

HOST_JS = Path(__file__).with_name("shelly_host.js")
NODE = shutil.which("node")


class FakeScript:
    """`moment` is the status and uptime of the plug at that moment."""

    def __init__(self, component: str, name: str, moment: Callable[[], dict[str, object]]) -> None:
        self.name = name
        self.code = ""
        self._component = component
        self._moment = moment
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        if self._process is not None:
            return
        assert NODE is not None
        self._ended.clear()
        pipe = subprocess.PIPE
        command = [NODE, str(HOST_JS), self._component]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        period_s = self.ask({"code": self.code})["period_ms"] / 1e3
        self._thread = threading.Thread(target=self._tick, args=(period_s,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            process, self._process = self._process, None
            if process is not None:
                process.stdin.close()
                process.stdout.close()
                process.wait()

    def ask(self, what: dict) -> dict:
        with self._lock:
            if self._process is None:
                return {"code": 404, "body": ""}
            self._process.stdin.write(json.dumps({**what, **self._moment()}) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def _tick(self, period_s: float) -> None:
        while not self._ended.wait(period_s):
            self.ask({"tick": True})
