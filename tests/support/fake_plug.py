"""What the loopback plugs share: a small web server that plays a power, and what may befall it."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Request(NamedTuple):
    method: str
    target: str
    path: str
    query: dict[str, str]
    body: bytes
    authorization: str


class Reply(NamedTuple):
    status: int
    content: object
    headers: tuple[tuple[str, str], ...] = ()


class FakePlug:
    """Shows `power_w(s)` and counts `energy_j(s)` of the seconds since its start.

    `silent`, `denied` (asked at each request) and `delay_s`: what befalls it. The reading of a slow
    answer is of the middle between question and answer. `reboot` zeroes what a loss of power zeroes.
    """

    def __init__(
        self,
        power_w: Callable[[float], float] = lambda _: 50.0,
        energy_j: Callable[[float], float] | None = None,
        total_j: float = 7_200_000.0,
    ) -> None:
        self.power_w = power_w
        self.energy_j = energy_j or (lambda s: power_w(0.0) * s)
        self.silent: Callable[[], bool] = lambda: False
        self.denied: Callable[[], bool] = lambda: False
        self.delay_s: Callable[[], float] = lambda: 0.0
        self.asked: list[Request] = []
        self.clock_ahead_s = 0.0
        self.start_ns = time.monotonic_ns()
        self.booted_s = -1e6
        self._total_j = total_j
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def seconds(self) -> float:
        return (time.monotonic_ns() - self.start_ns) / 1e9

    @property
    def uptime_s(self) -> float:
        return self.seconds - self.booted_s

    @property
    def watts(self) -> float:
        return self.power_w(self.seconds)

    @property
    def total_j(self) -> float:
        return self._total_j + self.energy_j(self.seconds)

    def reboot(self, keeps_counter: bool) -> None:
        """The counter of a plug that keeps it only loses what it had not saved."""
        self.booted_s = self.seconds
        if not keeps_counter:
            self._total_j = -self.energy_j(self.seconds)

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def start(self) -> FakePlug:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _answer(self, request: Request) -> Reply | None:
        self.asked.append(request)
        if self.silent():
            return None
        delay_s = self.delay_s()
        time.sleep(delay_s / 2)
        reply = self.answer(request)
        time.sleep(delay_s / 2)
        return reply

    def _handler(plug):  # noqa: N805 `self` is the handler's below
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Without it, Nagle's algorithm delays the second half of every answer by 40 ms.
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length", 0))
                request = Request(
                    self.command,
                    self.path,
                    parts.path,
                    dict(parse_qsl(parts.query)),
                    self.rfile.read(length),
                    self.headers.get("Authorization", ""),
                )
                reply = plug._answer(request)
                if reply is None:
                    self.close_connection = True
                    return
                content = reply.content
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(reply.status)
                for name, value in (("Content-Type", "application/json"), *reply.headers):
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def do_POST(self):
                self.do_GET()

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + plug.clock_ahead_s)

            def log_message(self, *arguments):
                return

        return Handler


def floored(value: float, step: float) -> float:
    """As a counter shows it: in whole steps."""
    return math.floor(value / step + 1e-9) * step
