"""A plug in InfluxDB: a real version 1, and a loopback version 2 that speaks Flux."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from contracts.database import DatabaseContract
from support.flux_server import FluxSeries, FluxServer
from support.loopback import proxy
from support.servers import influx_query, influx_write, influxdb, needs

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.influxdb import InfluxDb
from joulelab.records import Instant

PERIOD_S = 0.05
PLUG = {"measurement": "W", "tags": {"entity_id": 'plug\'s "power"'}, "update_period_s": PERIOD_S}
KNOWN_CLOCK = {"clock_offset_s": 0.0, "u_clock_s": 0.01, "wait_s": 0.0}
"""Of servers on this host, so that nobody need be asked for the time."""
TOPIC = "zwave/Smart_switch_PC/50/0/value/66049"
S = 1_000_000_000


def instants(seconds):
    """An interval of the past on both clocks, its end two seconds ago."""
    shift_ns = time.monotonic_ns() - time.time_ns()
    stop_ns = time.time_ns() - 2 * S
    start_ns = stop_ns - round(seconds * S)
    return Instant(start_ns + shift_ns, start_ns), Instant(stop_ns + shift_ns, stop_ns)


def energy_j(samples, name="plug"):
    points = sorted((each.time_ns / S, each.value) for each in samples if each.channel == name)
    pairs = itertools.pairwise(points)
    return sum((b - a) * (p + q) / 2 for (a, p), (b, q) in pairs)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with influxdb(tmp_path_factory.mktemp("influxdb")) as running:
        influx_query(running.url, "CREATE DATABASE home")
        influx_query(running.url, "CREATE DATABASE past")
        ended = threading.Event()

        def write():
            while not ended.wait(PERIOD_S):
                plug = r'W,entity_id=plug\'s\ "power" value=60'.replace(r"\'", "'")
                cpu = 'cpu,cpu=cpu-total,host=pc usage_user=12.5,usage_text="much"'
                other = "cpu,cpu=cpu0,host=pc usage_user=3"
                lines = [f"{line} {time.time_ns()}" for line in (plug, cpu, other)]
                influx_write(running.url, "home", lines)

        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(0.3)
        yield running
        ended.set()
        thread.join()


@needs("influxd")
class TestInfluxQl(DatabaseContract):
    @pytest.fixture
    def meter(self, server):
        return InfluxDb(
            server.url, "home", **PLUG, auxiliary={"cpu": {}}, **{**KNOWN_CLOCK, "wait_s": 2.0}
        )

    def test_collects_what_was_written(self, meter):
        meter.start()
        begin = Instant(time.monotonic_ns(), time.time_ns())
        time.sleep(0.5)
        end = Instant(time.monotonic_ns(), time.time_ns())
        meter.stop()
        samples = meter.collect(begin, end)
        assert {(s.channel, s.value) for s in samples} == {("plug", 60.0), ("cpu", 12.5)}
        assert meter.trouble is None

    def test_stamps_are_those_of_the_record_less_the_clocks_offset(self, server):
        start, stop = instants(10)
        times_ns = range(start.wall_ns - 5 * S, stop.wall_ns + S, S)
        lines = [f"V,id=a value={number} {at_ns}" for number, at_ns in enumerate(times_ns)]
        influx_write(server.url, "past", lines)
        meter = InfluxDb(
            server.url, "past", "V", update_period_s=1.0, wait_s=0.0, clock_offset_s=2.0
        )
        meter.start()
        samples = meter.collect(start, stop)
        assert meter.channels[0].clock_offset_s == 2.0
        assert [(s.time_ns - start.monotonic_ns) % S for s in samples] == [0] * len(samples)
        first = samples[0]
        assert first.value == 6.0
        assert first.time_ns == start.monotonic_ns - S

    def test_a_counter_is_brought_to_joules_and_its_restart_marked(self, server):
        start, stop = instants(6)
        kwh = [5.0, 5.001, 5.002, 0.0, 0.001, 0.002, 0.003, 0.004]
        times_ns = [start.wall_ns + (number - 1) * S for number in range(len(kwh))]
        influx_write(
            server.url,
            "past",
            [f"kWh,id=a value={v} {at}" for v, at in zip(kwh, times_ns, strict=True)],
        )
        meter = InfluxDb(server.url, "past", "kWh", kind="counter", scale=3.6e6, **KNOWN_CLOCK)
        meter.start()
        samples = sorted(meter.collect(start, stop))
        values = [each.value for each in samples]
        assert values[:3] == pytest.approx([0.0, 3600.0, 7200.0])
        assert values[3] == float("inf")
        assert values[4:] == pytest.approx([7200.0, 10800.0, 14400.0, 18000.0, 21600.0])
        assert "restarted" in meter.trouble

    def test_a_long_run_comes_in_pages_whole(self, server):
        start, stop = instants(25_000)
        lines = [f"P,id=a value={number} {start.wall_ns + number * S}" for number in range(25_000)]
        influx_write(server.url, "past", lines)
        meter = InfluxDb(server.url, "past", "P", update_period_s=1.0, **KNOWN_CLOCK)
        meter.start()
        samples = meter.collect(start, stop)
        assert [each.value for each in samples] == list(range(25_000))

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"database": "house"}, "this server shows home, past"),
            ({"measurement": "V"}, "the database has W, cpu"),
            ({"field": "power"}, "its fields are value"),
            ({"tags": {"entity_id": "kettle"}}, "check the tags"),
            ({"measurement": "cpu", "field": "usage_user", "tags": {}}, "2 series match"),
            ({"measurement": "cpu", "field": "usage_text", "tags": {}}, "is no number"),
            ({"auxiliary": {"fan": {}}}, "fan is no known quantity"),
            ({"version": 3}, "no InfluxDB 3"),
        ],
    )
    def test_what_is_not_there_is_said_at_the_start(self, server, change, says):
        with pytest.raises((ConfigError, MeterUnavailable), match=says):
            InfluxDb(**{"url": server.url, "database": "home", **PLUG, **change}).start()

    def test_a_clock_set_back_while_the_run_goes_widens_the_doubt(self, server):
        with proxy(server.url) as front:
            meter = InfluxDb(front.url, "home", **PLUG)
            meter.start()
            doubt_s = meter.channels[0].u_clock_s
            begin = Instant(time.monotonic_ns(), time.time_ns())
            time.sleep(0.3)
            front.clock_s = -20.0
            end = Instant(time.monotonic_ns(), time.time_ns())
            meter.collect(begin, end)
        assert "set by about -20" in meter.trouble
        assert doubt_s < 0.1
        assert meter.channels[0].u_clock_s == pytest.approx(20 / 3**0.5, rel=0.02)

    def test_a_right_taken_away_is_said_when_it_is_missed(self, server):
        with proxy(server.url) as front:
            meter = InfluxDb(front.url, "home", **PLUG)
            meter.start()
            front.authorization = "Token other"
            start, stop = instants(1)
            with pytest.raises(MeterDenied, match="user and password"):
                meter.collect(start, stop)


@needs("influxd")
def test_a_server_that_asks_for_a_password_gets_it(tmp_path):
    with influxdb(tmp_path, user="admin") as server:
        influx_query(server.url, "CREATE USER admin WITH PASSWORD 'pw' WITH ALL PRIVILEGES")
        influx_query(server.url, "CREATE DATABASE home", u="admin", p="pw")
        plain = InfluxDb(server.url, "home", **PLUG)
        with pytest.raises(MeterDenied):
            plain.start()
        known = InfluxDb(server.url, "home", **PLUG, user="admin", password="pw")
        with pytest.raises(MeterUnavailable, match="no value of W"):
            known.start()


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
        "wait_s": 2.0,
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
        start, stop = instants(20)
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
        start, stop = instants(2)
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
        start, stop = instants(30)
        samples = meter.collect(start, stop)
        covered_s = (samples[-1].time_ns - samples[0].time_ns) / S
        assert energy_j(samples) == pytest.approx(60 * covered_s, rel=1e-6)
        assert covered_s == pytest.approx(30, abs=3 * PERIOD_S)
