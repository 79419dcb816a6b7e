"""A powercap tree, a real node_exporter that shows it, and a real Prometheus that scrapes that."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from support.database_world import DatabaseWorld
from support.fake_powercap import RANGE_UJ, FakePowercap, FakeZone
from support.loopback import proxy
from support.servers import await_series, node_exporter, prometheus
from support.worlds.base import energy_j, power_w

from joulelab.meters.prometheus import Prometheus


class PrometheusWorld(DatabaseWorld):
    name = "prometheus"
    judged = "package-0"
    needs = ("prometheus", "prometheus-node-exporter")
    not_applicable: ClassVar[dict[str, str]] = {
        "clock step": "the real server stamps by this host's clock; see influxdb and kwollect",
        "disorder": "Prometheus keeps no sample twice and none that is late",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._exporter = node_exporter(folder / "exporter", folder / "sys")
        self._server = prometheus(folder / "prometheus", self._targets, "200ms")
        self.front = proxy(self._server)

    def meter(self) -> Prometheus:
        return Prometheus(self.front.url, "rapl", scrape_interval_s=self.period_s)

    def set_up(self) -> None:
        start_uj = 1_000_000
        if self.fault == "wrap":
            start_uj = RANGE_UJ - round(energy_j(0.0, self.from_s) * 1e6)
        hidden_s = (self.from_s, self.to_s) if self.fault == "unreadable" else None
        zones = [
            FakeZone("package-0", power_w, start_uj=start_uj),
            FakeZone("core", 20.0, parent="package-0"),
            FakeZone("dram", 8.0, parent="package-0"),
        ]
        self._tree = FakePowercap(self.folder / "sys/class/powercap", zones, hidden_s=hidden_s)
        self._exporter.start()
        self._server.start()
        await_series(self._server.url, "node_rapl_package_joules_total")
        self._tree.start()

    def _targets(self) -> dict[str, list[str]]:
        return {"node": [urlsplit(self._exporter.url).netloc]}

    def take_down(self) -> None:
        self._server.stop()
        self._exporter.stop()
        self._tree.stop()

    def true_j(self, start_ns: int, stop_ns: int) -> float:
        """What the counter went on by: its writer's pauses are no error of the meter."""
        return self._tree.shown_j("package-0", start_ns, stop_ns)
