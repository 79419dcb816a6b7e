"""Raw scrapes of a real Prometheus: node_exporter on a live powercap tree, and exporters' own words."""

from __future__ import annotations

import math
import time
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from contracts.database import DatabaseContract
from support.fake_powercap import FakePowercap, FakeZone, mmio
from support.instants import S, now, past
from support.loopback import Answer, Loopback
from support.servers import await_series, needs, node_exporter, prometheus

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.prometheus import Prometheus

PERIOD_S = 0.2
KNOWN_CLOCK = {"clock_offset_s": 0.0, "u_clock_s": 0.01, "scrape_interval_s": PERIOD_S}
RANGE_J = 900.0
WATTS = {"package-0": 300.0, "core": 40.0, "dram": 8.0}
GPU_W = 150.0


class Plant(NamedTuple):
    """A Prometheus, the tree that one exporter shows, and another exporter's address."""

    url: str
    tree: FakePowercap
    node: str
    other: str


def exporter_text(request):
    """DCGM with two MIG instances, Kepler, a plug, and a gauge that is no number."""
    joules = time.time() % 1e5 * GPU_W
    gpu = 'gpu="0",UUID="GPU-a",Hostname="n1"'
    zone = 'node_name="n1",path="/sys/class/powercap/intel-rapl:0'
    lines = [
        f'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{{gpu},GPU_I_ID="1"}} {joules * 1000:.0f}',
        f'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{{gpu},GPU_I_ID="2"}} {joules * 1000:.0f}',
        f"DCGM_FI_DEV_POWER_USAGE{{{gpu}}} {GPU_W}",
        f'kepler_node_cpu_joules_total{{zone="package",{zone}"}} {joules}',
        f'kepler_node_cpu_joules_total{{zone="core",{zone}:0"}} {joules / 2}',
        f'kepler_node_cpu_joules_total{{zone="dram",{zone}:1"}} {joules / 4}',
        'plug_power_milliwatts{room="a b\\"c"} 60000',
        "broken_watts NaN",
    ]
    return Answer("".join(f"{line}\n" for line in lines).encode(), content_type="text/plain")


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    zones = [
        # Wraps every three seconds.
        FakeZone("package-0", WATTS["package-0"], range_uj=round(RANGE_J * 1e6)),
        FakeZone("core", WATTS["core"], parent="package-0"),
        FakeZone("dram", WATTS["dram"], parent="package-0"),
        FakeZone("psys", 0.0, start_uj=0),
        mmio(),
    ]
    tree = FakePowercap(folder / "sys/class/powercap", zones)
    with node_exporter(folder / "exporter", folder / "sys") as node, Loopback(exporter_text) as own:
        addresses = [urlsplit(each.url).netloc for each in (node, own)]
        targets = {"node": addresses[:1], "own": addresses[1:]}
        with prometheus(folder / "prometheus", lambda: targets) as server:
            for name in ("node_rapl_package_joules_total", "DCGM_FI_DEV_POWER_USAGE"):
                await_series(server.url, name)
            with tree:
                yield Plant(server.url, tree, *addresses)


def collected(meter, seconds=1.5):
    meter.start()
    start = now()
    time.sleep(seconds)
    stop = now()
    meter.stop()
    found = {}
    for sample in sorted(meter.collect(start, stop)):
        found.setdefault(sample.channel, []).append(sample)
    return found


def power_w(samples):
    return (samples[-1].value - samples[0].value) / (samples[-1].time_ns - samples[0].time_ns) * S


@needs("prometheus")
@needs("prometheus-node-exporter")
class TestPrometheus(DatabaseContract):
    @pytest.fixture(params=["rapl", "dcgm", "kepler"])
    def meter(self, plant, request):
        return Prometheus(plant.url, request.param, **KNOWN_CLOCK)

    def test_collects_known_channels_of_the_asked_interval(self, running):
        time.sleep(2 * PERIOD_S)
        super().test_collects_known_channels_of_the_asked_interval(running)

    def test_rapl_is_weighed_through_a_wrap(self, plant):
        meter = Prometheus(plant.url, "rapl", wrap_j={"package-0": RANGE_J}, **KNOWN_CLOCK)
        found = collected(meter, 3.5)
        first, last = found["package-0"][0], found["package-0"][-1]
        true_j = plant.tree.energy_j("package-0", first.time_ns, last.time_ns)
        assert last.value - first.value == pytest.approx(true_j, rel=0.02)
        assert all(math.isfinite(each.value) for each in found["package-0"])
        assert meter.trouble is None

    def test_rapl_zones_lie_where_powercap_has_them(self, plant):
        meter = Prometheus(plant.url, "rapl", **KNOWN_CLOCK)
        meter.start()
        seen = {each.name: (each.scope, each.inside) for each in meter.channels}
        assert seen == {
            "package-0": ("cpu", None),
            "core-0": ("cpu", "package-0"),
            "dram-0": ("dram", None),
        }

    def test_where_a_zone_wraps_can_be_said(self, plant):
        meter = Prometheus(plant.url, "rapl", wrap_j={"dram-0": 65712.999613}, **KNOWN_CLOCK)
        meter.start()
        wraps = {each.name: each.wrap_j for each in meter.channels}
        assert wraps["dram-0"] == 65712.999613
        assert wraps["package-0"] == 262143.32885

    def test_a_gpu_with_instances_is_counted_once(self, plant):
        found = collected(Prometheus(plant.url, "dcgm", **KNOWN_CLOCK))
        assert list(found) == ["gpu-0"]
        assert power_w(found["gpu-0"]) == pytest.approx(GPU_W, rel=0.02)

    def test_kepler_zones_overlap(self, plant):
        meter = Prometheus(plant.url, "kepler", **KNOWN_CLOCK)
        found = collected(meter)
        inside = {each.name: each.inside for each in meter.channels}
        assert inside == {"package-0": None, "core-0": "package-0", "dram-0": None}
        assert power_w(found["package-0"]) == pytest.approx(GPU_W, rel=0.02)

    def test_own_queries_choose_scale_and_scope(self, plant):
        labels = {"room": 'a b"c'}
        plug = {"metric": "plug_power_milliwatts", "scale": 1e-3, "scope": "wall", "labels": labels}
        meter = Prometheus(plant.url, queries={"plug": plug}, **KNOWN_CLOCK)
        found = collected(meter, 1.0)
        assert {each.value for each in found["plug"]} == {60.0}
        assert meter.channels[0].scope == "wall"

    def test_what_is_no_number_is_no_answer(self, plant):
        found = collected(Prometheus(plant.url, queries={"x": {"metric": "broken_watts"}}), 0.5)
        assert all(math.isnan(each.value) for each in found["x"])

    def test_pages_give_what_one_answer_gives(self, plant):
        start, stop = past(2)
        whole, paged = (
            Prometheus(plant.url, "rapl", page_s=page_s, **KNOWN_CLOCK) for page_s in (3600.0, 0.3)
        )
        for meter in (whole, paged):
            meter.start()
        assert sorted(whole.collect(start, stop)) == sorted(paged.collect(start, stop))

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"preset": "rappel"}, "give one of rapl, dcgm, kepler"),
            ({"queries": {"x": {"metric": "up"}}}, "series of 2 machines match"),
            ({"queries": {"x": {"metric": "plug_watts"}}}, "no series .*plug_watts"),
            ({"queries": {"x": {"metrics": "up"}}}, "unknown key metrics"),
            (
                {"queries": {"x": {"metric": "kepler_node_cpu_joules_total", "kind": "counter"}}},
                "3 series match",
            ),
            ({"labels": {"instance": "nowhere"}}, "no series"),
        ],
    )
    def test_what_is_not_there_is_said_at_the_start(self, plant, change, says):
        with pytest.raises((ConfigError, MeterUnavailable), match=says):
            Prometheus(**{"url": plant.url, "preset": "rapl", **change}).start()

    def test_a_server_that_is_none_is_said(self):
        refused = pytest.raises(MeterUnavailable, match="check that it is a Prometheus")
        with Loopback(lambda request: Answer(b"[]")) as server, refused:
            Prometheus(server.url, "rapl").start()

    def test_a_token_is_shown(self, plant):
        with Loopback(lambda request: Answer(b"[]")) as server:
            server.authorization = "Bearer abc"
            with pytest.raises(MeterDenied):
                Prometheus(server.url, "rapl", token="old").start()
            with pytest.raises(MeterUnavailable):
                Prometheus(server.url, "rapl", token="abc").start()
