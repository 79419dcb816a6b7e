"""A BMC's Redfish service on loopback: Basic or session login, faults on demand."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SESSIONS = "/redfish/v1/SessionService/Sessions"


class FakeRedfish:
    """Chassis `enclosure` without power, then `1` with `watts()` in whole watts; with `environment`, in
    the newer resource too, there with `fraction`s.

    Settable while it runs: `status` answered instead of 200, `delay_s` of each answer (the power is that
    of its middle), `clock_s` added to the Date header, `password`. `asked` lists method and path;
    `sessions` the open ones.
    """

    def __init__(
        self,
        watts: Callable[[], float] = lambda: 200.0,
        user: str = "operator",
        password: str = "secret",
        environment: bool = False,
        certificate: Path | None = None,
    ) -> None:
        self.watts = watts
        self.user, self.password = user, password
        self.status = 200
        self.delay_s = self.clock_s = 0.0
        self.asked: list[tuple[str, str]] = []
        self.sessions: dict[str, str] = {}
        self.environment = environment
        self.shows_power = True
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.bmc = self
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> FakeRedfish:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def resource(self, path: str) -> dict | None:
        chassis = "/redfish/v1/Chassis"
        links: dict = {"ComputerSystems": [{"@odata.id": "/redfish/v1/Systems/1"}]}
        computer: dict = {"Id": "1", "Links": links, "Power": {"@odata.id": f"{chassis}/1/Power"}}
        if self.environment:
            computer["EnvironmentMetrics"] = {"@odata.id": f"{chassis}/1/EnvironmentMetrics"}
        consumed = round(self.watts()) if self.shows_power else None
        control = {
            "MemberId": "0",
            "PowerConsumedWatts": consumed,
            "PowerMetrics": {"IntervalInMin": 1, "AverageConsumedWatts": consumed},
        }
        fan = {"MemberId": "1", "PowerConsumedWatts": 12}
        resources: dict[str, dict] = {
            "/redfish/v1": {"Chassis": {"@odata.id": chassis}},
            chassis: {
                "Members": [{"@odata.id": f"{chassis}/enclosure"}],
                "Members@odata.nextLink": f"{chassis}?page=2",
            },
            f"{chassis}?page=2": {"Members": [{"@odata.id": f"{chassis}/1"}]},
            f"{chassis}/enclosure": {"Id": "enclosure", "Links": {}},
            f"{chassis}/1": computer,
            f"{chassis}/1/Power": {"PowerControl": [control, fan]},
        }
        if self.environment:
            reading = {"Reading": self.watts(), "ReadingType": "Power", "ReadingUnits": "W"}
            resources[f"{chassis}/1/EnvironmentMetrics"] = {"PowerWatts": reading}
        return resources.get(path)

    def admits(self, headers) -> bool:
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        known = headers.get("X-Auth-Token") in self.sessions
        return known or headers.get("Authorization") == f"Basic {pair}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    bmc: FakeRedfish

    def handle_error(self, request, client_address):
        """A client that was killed leaves a connection behind: no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        bmc = self.server.bmc
        bmc.asked.append(("GET", self.path))
        time.sleep(bmc.delay_s / 2)
        found = bmc.resource(self.path)
        time.sleep(bmc.delay_s / 2)
        if bmc.status != 200:
            self.answer(bmc.status, {"error": {"message": "out of order"}})
        elif not bmc.admits(self.headers):
            self.answer(401, {"error": {"message": "who are you"}})
        elif found is None:
            self.answer(404, {"error": {"message": "no such resource"}})
        else:
            self.answer(200, found)

    def do_POST(self):
        bmc = self.server.bmc
        bmc.asked.append(("POST", self.path))
        login = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if login != {"UserName": bmc.user, "Password": bmc.password}:
            self.answer(401, {"error": {"message": "who are you"}})
            return
        token = f"token-{len(bmc.asked)}"
        bmc.sessions[token] = f"{SESSIONS}/{len(bmc.asked)}"
        location = {"X-Auth-Token": token, "Location": bmc.url + bmc.sessions[token]}
        self.answer(201, {}, location)

    def do_DELETE(self):
        bmc = self.server.bmc
        bmc.asked.append(("DELETE", self.path))
        gone = [token for token, path in bmc.sessions.items() if path == self.path]
        for token in gone:
            del bmc.sessions[token]
        self.answer(204 if gone else 404, {})

    def answer(self, status, content, headers=None):
        bmc = self.server.bmc
        body = b"" if status == 204 else json.dumps(content).encode()
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + bmc.clock_s, usegmt=True))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        return


def self_signed(folder: Path) -> Path | None:
    """A certificate for 127.0.0.1 that nobody trusts; None where openssl is missing."""
    if shutil.which("openssl") is None:
        return None
    path, key = folder / "bmc.pem", folder / "bmc.key"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(path)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    path.write_text(path.read_text() + key.read_text())
    return path
