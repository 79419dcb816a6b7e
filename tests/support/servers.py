"""Real servers of the Debian packages influxdb, prometheus and prometheus-node-exporter, on loopback."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

READY_S = 20.0
UNCLAIMED_PORTS = (15_000, 32_000)


def needs(program: str) -> pytest.MarkDecorator:
    """Skips what cannot be tested without it."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


class Server:
    """A program that listens on `url`, from `start` (or `with`) to `stop`."""

    def __init__(self, folder: Path, command: Sequence[str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self._folder = folder
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        log = self._folder / "server.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command, stdout=output, stderr=subprocess.STDOUT, cwd=self._folder
            )
        until_s = time.monotonic() + READY_S
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > until_s:
                self.stop()
                raise RuntimeError(f"{self._command[0]}: {log.read_text()[-600:]}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()


def influxdb(folder: Path, user: str | None = None, password: str = "") -> Server:
    """InfluxDB 1; with `user` it asks for a password, once an administrator was made."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "influxdb.conf").write_text(
        f"""reporting-disabled = true
bind-address = "127.0.0.1:{free_port()}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
auth-enabled = {str(user is not None).lower()}
max-row-limit = 10000
"""
    )
    return Server(folder, ["influxd", "-config", str(folder / "influxdb.conf")], port)


def influx_query(url: str, text: str, database: str = "", **params: str) -> dict:
    body = urlencode({"q": text, "db": database}).encode()
    with urlopen(Request(f"{url}/query?{urlencode(params)}", body)) as reply:
        return json.load(reply)


def influx_write(url: str, database: str, lines: Sequence[str]) -> None:
    """Line protocol, stamps in ns."""
    body = "\n".join(lines).encode()
    with urlopen(Request(f"{url}/write?db={database}&precision=ns", body)) as reply:
        reply.read()


def prometheus(
    folder: Path, targets: Mapping[str, Sequence[str]], interval: str = "200ms"
) -> Server:
    """Scrapes `targets` (job -> host:port) every `interval`."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        {"job_name": job, "static_configs": [{"targets": list(addresses)}]}
        for job, addresses in targets.items()
    ]
    settings = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "scrape_configs": jobs,
    }
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(settings))
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    return Server(folder, command, port)


def node_exporter(folder: Path, sysfs: Path) -> Server:
    """Shows the powercap tree at `sysfs`/class/powercap as `node_rapl_*`."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        "prometheus-node-exporter",
        f"--path.sysfs={sysfs}",
        "--collector.disable-defaults",
        "--collector.rapl",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    return Server(folder, command, port)


def free_port() -> int:
    """For a program to listen on: below the ports that the kernel gives to outgoing connections, one of
    which could otherwise take it before the program does."""
    while True:
        port = random.SystemRandom().randrange(*UNCLAIMED_PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(0.2)
        return client.connect_ex(("127.0.0.1", port)) == 0


def await_series(url: str, selector: str) -> None:
    """Until Prometheus has scraped it; its first look at its targets comes after five seconds."""
    question = urlencode({"query": selector})
    until_s = time.monotonic() + READY_S
    while time.monotonic() < until_s:
        # It listens before it answers.
        with suppress(HTTPError), urlopen(f"{url}/api/v1/query?{question}") as reply:
            if json.load(reply)["data"]["result"]:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no {selector} within {READY_S:g} s")
