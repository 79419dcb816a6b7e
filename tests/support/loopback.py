"""A small web server on loopback, as a fake of its own or as a proxy in front of a real one."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from support.server import Server


class Request(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


class Answer(NamedTuple):
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"


class Loopback:
    """Answers each request with `answer(request)`.

    Settable while it runs: `status`, answered instead; `delay_s` before each answer; `clock_s`, added
    to the Date header; `authorization`, asked of each request. `asked` lists the requests.
    """

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.status: int | None = None
        self.delay_s = self.clock_s = 0.0
        self.authorization: str | None = None
        self.asked: list[Request] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handle(self, request: Request) -> Answer:
        self.asked.append(request)
        time.sleep(self.delay_s)
        if self.status is not None:
            return Answer(b'{"error": "not now"}', self.status)
        if self.authorization not in (None, request.headers.get("Authorization")):
            return Answer(b'{"error": "unauthorized access"}', 401)
        return self.answer(request)


def proxy(server: Server) -> Loopback:
    """In front of it, wherever it is when somebody asks."""

    def forward(request: Request) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        try:
            connection.request(request.method, request.target, request.body, request.headers)
            response = connection.getresponse()
            kind = response.headers.get("Content-Type", "")
            return Answer(response.read(), response.status, kind)
        finally:
            connection.close()

    return Loopback(forward)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: Loopback


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
        answer = self.server.owner.handle(request)
        self.send_response(answer.status)
        if answer.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="loopback"')
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.status != 204:
            self.wfile.write(answer.body)

    def do_POST(self) -> None:
        self.do_GET()

    def date_time_string(self, timestamp: float | None = None) -> str:
        now_s = time.time() if timestamp is None else timestamp
        return super().date_time_string(now_s + self.server.owner.clock_s)

    def log_message(self, *arguments: object) -> None:
        return
