"""A plug in a loopback InfluxDB 2 that speaks Flux."""

from __future__ import annotations

import itertools
import time

import pytest
from contracts.database import DatabaseContract
from support.flux_server import FluxSeries, FluxServer
from support.instants import S, past

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.influxdb import InfluxDb

PERIOD_S = 0.05
TOPIC = "zwave/Smart_switch_PC/50/0/value/66049"
KNOWN_CLOCK = {"clock_offset_s": 0.0, "u_clock_s": 0.01, "wait_s": 2.0}
"""Of a server on this host, so that it need not be asked for the time."""


def energy_j(samples, name="plug"):
    points = sorted((each.time_ns / S, each.value) for each in samples if each.channel == name)
    pairs = itertools.pairwise(points)
    return sum((b - a) * (p + q) / 2 for (a, p), (b, q) in pairs)


def flux_series(value=lambda at_s: 60.0, datatype="double"):
    tags = {"host": "pc", "topic": TOPIC}
    return [
        FluxSeries({"_field": "value", "_measurement": "mqtt_consumer", **tags}, value, datatype),
        FluxSeries(
            {"_field": "usage_user", "_measurement": "cpu", "cpu": "cpu-total", "host": "pc"},
            lambda at_s: 12.5,
        ),
        FluxSeries(
            {"_field": "used_percent", "_measurement": "mem", "host": "pc"}, lambda at_s: 40.0
        ),
        FluxSeries(
            {"_field": "reads", "_measurement": "diskio", "host": "pc", "name": "nvme0n1p3"},
            int,
            "long",
        ),
    ]


def flux_meter(url, **options):
    given = {
        "database": "telegraf_bucket",
        "measurement": "mqtt_consumer",
        "tags": {"topic": TOPIC},
        "organization": "home",
        "update_period_s": PERIOD_S,
        "token": "abc",
        **KNOWN_CLOCK,
    }
    return InfluxDb(url, **{**given, **options})


class TestFlux(DatabaseContract):
    @pytest.fixture
    def plug(self):
        with FluxServer(flux_series(), time.time, PERIOD_S) as server:
            server.authorization = "Token abc"
            yield server

    @pytest.fixture
    def meter(self, plug):
        return flux_meter(plug.url, auxiliary={"cpu": {}, "memory": {}, "disk_reads": {}})

    def test_collects_plug_and_load_with_their_stamps(self, plug):
        plug.series = flux_series(lambda at_s: at_s % 1000)
        plug.period_s = 1.0
        meter = flux_meter(plug.url, auxiliary={"disk_reads": {}})
        start, stop = past(20)
        meter.start()
        samples = meter.collect(start, stop)
        shift_s = (start.wall_ns - start.monotonic_ns) / S
        found = [each for each in samples if each.channel == "plug"]
        assert len(found) in (21, 22)
        for each in found:
            assert (each.time_ns / S + shift_s) % 1000 == pytest.approx(each.value, abs=1e-5)
        assert len([each for each in samples if each.channel == "disk_reads"]) == len(found)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"organization": None}, "organization"),
            ({"organization": "away", "version": 2}, "organization not found"),
            ({"database": "bucket"}, "could not find bucket"),
            ({"measurement": "W", "tags": {}}, "the bucket has cpu, diskio, mem, mqtt_consumer"),
            ({"tags": {"topic": "kettle"}}, "check field and tags"),
            ({"token": "Token old"}, "refuses access"),
        ],
    )
    def test_what_is_not_there_is_said_at_the_start(self, plug, change, says):
        with pytest.raises((ConfigError, MeterUnavailable, MeterDenied), match=says):
            flux_meter(plug.url, **change).start()

    def test_two_series_are_not_mixed(self, plug):
        key = {**plug.series[0].key, "host": "other"}
        plug.series.append(FluxSeries(key, lambda at_s: 5.0))
        with pytest.raises(ConfigError, match="2 series match"):
            flux_meter(plug.url).start()
        meter = flux_meter(plug.url, tags={"topic": TOPIC, "host": "pc"})
        meter.start()
        start, stop = past(2)
        assert {each.value for each in meter.collect(start, stop)} == {60.0}

    def test_text_is_no_power(self, plug):
        plug.series = flux_series(lambda at_s: "on", "string")
        with pytest.raises(ConfigError, match="is no number"):
            flux_meter(plug.url).start()

    def test_names_are_quoted(self, plug):
        key = {"_field": "value", "_measurement": 'a "b"', "path": "c\\d"}
        plug.series = [FluxSeries(key, lambda at_s: 5.0)]
        meter = flux_meter(plug.url, measurement='a "b"', tags={"path": "c\\d"}, version=2)
        meter.start()
        assert r'r["_measurement"] == "a \"b\"" and r["_field"] == "value"' in plug.queries[0]

    def test_energy_is_that_of_the_plug(self, plug):
        meter = flux_meter(plug.url)
        meter.start()
        start, stop = past(30)
        samples = meter.collect(start, stop)
        covered_s = (samples[-1].time_ns - samples[0].time_ns) / S
        assert energy_j(samples) == pytest.approx(60 * covered_s, rel=1e-6)
        assert covered_s == pytest.approx(30, abs=3 * PERIOD_S)
