"""Loopback Shelly plugs: Gen1 with Basic, Gen2 with Digest SHA-256 and, through node, scripts.

Shapes of the answers follow shelly-api-docs.shelly.cloud and the recorded replies of aioshelly
(Apache-2.0, `fixtures/`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time

from support.fake_plug import FakePlug, Reply, Request, floored
from support.fake_script import FakeScript


class FakeShelly1(FakePlug):
    """A plug of the first generation; its counter is zeroed when it loses power."""

    def __init__(self, *args, password: str | None = None, meters: int = 1, **more) -> None:
        super().__init__(*args, **more)
        self.password = password
        self.meters = meters
        self.valid = True

    def answer(self, request: Request) -> Reply:
        if request.path == "/shelly":
            about = {"type": "SHPLG-S", "mac": "80646F800000", "auth": self.password is not None}
            return Reply(200, {**about, "fw": "20230913-113421/v1.14.0-gcb84623"})
        if self.denied() or not self._knows(request):
            challenge = 'Basic realm="shellyplug-s-800000"'
            return Reply(401, b"401 Unauthorized", (("WWW-Authenticate", challenge),))
        if request.path == "/status":
            meters = [self.meter() for _ in range(self.meters)]
            return Reply(200, {"meters": meters, "uptime": int(self.uptime_s), "temperature": 28.1})
        if re.fullmatch(r"/meter/\d", request.path) and int(request.path[-1]) < self.meters:
            return Reply(200, self.meter())
        return Reply(404, b"Not Found")

    def meter(self) -> dict[str, object]:
        return {
            "power": round(self.watts, 2),
            "overpower": 0.0,
            "is_valid": self.valid,
            "timestamp": int(time.time() + self.clock_ahead_s),
            "counters": [0.0, 0.0, 0.0],
            "total": int(floored(self.total_j, 60.0) / 60),
        }

    def _knows(self, request: Request) -> bool:
        pair = base64.b64encode(f"admin:{self.password}".encode()).decode()
        return self.password is None or request.authorization == f"Basic {pair}"


class FakeShelly2(FakePlug):
    """A plug of the second generation; `nonce_uses` is after how many requests a nonce has aged.

    Scripts really run, in node: this host calls their timer and their endpoint, and tells them status
    and uptime each time.
    """

    def __init__(
        self,
        *args,
        password: str | None = None,
        component: str = "switch",
        nonce_uses: int = 1000,
        **more,
    ) -> None:
        super().__init__(*args, **more)
        self.password = password
        self.component = component
        self.nonce_uses = nonce_uses
        self.scripts: dict[int, FakeScript] = {}
        self.launch_s = 0.0
        self._nonces: dict[str, int] = {}

    def stop(self) -> None:
        super().stop()
        for script in self.scripts.values():
            script.stop()

    def reboot(self, keeps_counter: bool = True) -> None:
        super().reboot(keeps_counter)
        for script in self.scripts.values():
            script.stop()

    def status(self) -> dict[str, object]:
        total_wh = round(floored(self.total_j, 3.6) / 3600, 3)
        watts = round(self.watts, 1)
        if self.component == "em1":
            return {"id": 0, "act_power": watts, "voltage": 230.1}
        return {
            "id": 0,
            "output": True,
            "apower": watts,
            "voltage": 227.9,
            "current": 0.121,
            "aenergy": {
                "total": total_wh,
                "by_minute": [34.786, 45.552, 45.552],
                "minute_ts": int(time.time() + self.clock_ahead_s),
            },
        }

    def answer(self, request: Request) -> Reply:
        if request.path == "/shelly":
            about = {"id": "shellyplugsg3-80646f800000", "model": "S3PL-00112EU", "gen": 3}
            return Reply(200, {**about, "auth_en": self.password is not None})
        if self.denied() or not self._knows(request):
            nonce = secrets.token_hex(8)
            self._nonces[nonce] = 0
            challenge = f'Digest qop="auth", realm="shellyplugsg3", nonce="{nonce}", '
            headers = (("WWW-Authenticate", challenge + "algorithm=SHA-256"),)
            return Reply(401, b"Unauthorized", headers)
        script = re.fullmatch(r"/script/(\d+)/(\w+)", request.path)
        if script:
            return self._ask_script(int(script[1]), request)
        method = request.path.removeprefix("/rpc/")
        params = json.loads(request.body) if request.body else request.query
        return self._call(method, params)

    def _moment(self) -> dict[str, object]:
        return {"status": self.status(), "uptime_ms": round(self.uptime_s * 1e3)}

    def _call(self, method: str, params: dict) -> Reply:
        system = {"uptime": int(self.uptime_s), "unixtime": int(time.time() + self.clock_ahead_s)}
        if method == "Sys.GetStatus":
            return Reply(200, system)
        if method == "Shelly.GetStatus":
            parts = {f"{self.component}:0": self.status(), "sys": system, "input:0": {"id": 0}}
            if self.component == "em1":
                total_wh = round(floored(self.total_j, 3.6) / 3600, 3)
                parts["em1data:0"] = {"id": 0, "total_act_energy": total_wh}
            return Reply(200, parts)
        if method.lower() == f"{self.component}.getstatus" and str(params.get("id")) == "0":
            return Reply(200, self.status())
        if method.startswith("Script."):
            return self._manage_scripts(method, params)
        return Reply(404, {"code": 404, "message": f"No handler for {method}"})

    def _manage_scripts(self, method: str, params: dict) -> Reply:
        if method == "Script.List":
            known = [{"id": n, "name": script.name} for n, script in self.scripts.items()]
            return Reply(200, {"scripts": known})
        if method == "Script.Create":
            number = max(self.scripts, default=0) + 1
            self.scripts[number] = FakeScript(f"{self.component}:0", params["name"], self._moment)
            return Reply(200, {"id": number})
        script = self.scripts.get(int(params["id"]))
        if script is None:
            return Reply(500, {"code": -105, "message": f"Argument 'id', value {params['id']}"})
        if method == "Script.PutCode":
            script.code = (script.code if params["append"] else "") + params["code"]
            return Reply(200, {"len": len(script.code)})
        if method == "Script.Start":
            was_running = script.running
            begin_s = time.monotonic()
            script.start()
            self.launch_s = time.monotonic() - begin_s
            return Reply(200, {"was_running": was_running})
        script.stop()
        if method == "Script.Delete":
            del self.scripts[int(params["id"])]
        return Reply(200, {"was_running": True})

    def _ask_script(self, number: int, request: Request) -> Reply:
        script = self.scripts.get(number)
        if script is None or not script.running:
            return Reply(404, b"Not Found")
        query = request.target.partition("?")[2]
        said = script.ask({"endpoint": request.path.rpartition("/")[2], "query": query})
        return Reply(said["code"], said["body"].encode())

    def _knows(self, request: Request) -> bool:
        """RFC 7616 as the plug checks it: response right, nonce given, count rising."""
        if self.password is None:
            return True
        said = dict(re.findall(r'(\w+)="?([^",\s]+)"?', request.authorization))
        nonce, count = said.get("nonce", ""), int(said.get("nc", "0"), 16)
        if not self._nonces.get(nonce, 1 << 30) < count <= self.nonce_uses:
            return False
        secret = _sha256(f"admin:shellyplugsg3:{self.password}")
        asked = _sha256(f"{request.method}:{request.target}")
        parts = (secret, nonce, said["nc"], said["cnonce"], "auth", asked)
        right = said["response"] == _sha256(":".join(parts)) and said["uri"] == request.target
        if right:
            self._nonces[nonce] = count
        return right


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
