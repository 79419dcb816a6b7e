"""Real servers of the Debian packages influxdb, prometheus and prometheus-node-exporter, on loopback."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from support.server import Server

READY_S = 60.0


def needs(program: str) -> pytest.MarkDecorator:
    """Skips what cannot be tested without it."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


def influxdb(folder: Path, user: str | None = None, password: str = "") -> Server:
    """InfluxDB 1; with `user` it asks for a password, once an administrator was made."""

    def command(port: int) -> list[str]:
        # Port 0 for its backups, which nobody asks for: whatever is free.
        (folder / "influxdb.conf").write_text(
            f"""reporting-disabled = true
bind-address = "127.0.0.1:0"
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
        return ["influxd", "-config", str(folder / "influxdb.conf")]

    return Server(folder, command)


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
    folder: Path, targets: Callable[[], Mapping[str, Sequence[str]]], interval: str = "200ms"
) -> Server:
    """Scrapes `targets()` (job -> host:port), asked when it starts, every `interval`."""

    def command(port: int) -> list[str]:
        jobs = [
            {"job_name": job, "static_configs": [{"targets": list(addresses)}]}
            for job, addresses in targets().items()
        ]
        settings = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "scrape_configs": jobs,
        }
        # JSON is YAML.
        (folder / "prometheus.yml").write_text(json.dumps(settings))
        return [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]

    return Server(folder, command)


def node_exporter(folder: Path, sysfs: Path) -> Server:
    """Shows the powercap tree at `sysfs`/class/powercap as `node_rapl_*`."""
    command = [
        "prometheus-node-exporter",
        f"--path.sysfs={sysfs}",
        "--collector.disable-defaults",
        "--collector.rapl",
        "--log.level=error",
    ]
    return Server(folder, lambda port: [*command, f"--web.listen-address=127.0.0.1:{port}"])


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
