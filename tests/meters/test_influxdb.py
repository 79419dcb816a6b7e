"""A plug in a real InfluxDB 1."""

from __future__ import annotations

import json
import threading
import time

import pytest
from contracts.database import DatabaseContract
from hypothesis import given, settings
from hypothesis import strategies as st
from support.instants import S, now, past
from support.loopback import Answer, Loopback, proxy
from support.servers import influx_query, influx_write, influxdb, needs

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.influxdb import InfluxDb

PERIOD_S = 0.05
PLUG = {"measurement": "W", "tags": {"entity_id": 'plug\'s "power"'}, "update_period_s": PERIOD_S}
KNOWN_CLOCK = {"clock_offset_s": 0.0, "u_clock_s": 0.01, "wait_s": 0.0}
"""Of servers on this host, so that nobody need be asked for the time."""


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
        begin = now()
        time.sleep(0.5)
        end = now()
        meter.stop()
        samples = meter.collect(begin, end)
        assert {(s.channel, s.value) for s in samples} == {("plug", 60.0), ("cpu", 12.5)}
        assert meter.trouble is None

    def test_stamps_are_those_of_the_record_less_the_clocks_offset(self, server):
        start, stop = past(10)
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
        start, stop = past(6)
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
        start, stop = past(25_000)
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
        with proxy(server) as front:
            meter = InfluxDb(front.url, "home", **PLUG)
            meter.start()
            doubt_s = meter.channels[0].u_clock_s
            begin = now()
            time.sleep(0.3)
            front.clock_s = -20.0
            end = now()
            meter.collect(begin, end)
        assert "set by about -20" in meter.trouble
        assert doubt_s < 0.1
        assert meter.channels[0].u_clock_s == pytest.approx(20 / 3**0.5, rel=0.02)

    def test_a_right_taken_away_is_said_when_it_is_missed(self, server):
        with proxy(server) as front:
            meter = InfluxDb(front.url, "home", **PLUG)
            meter.start()
            front.authorization = "Token other"
            start, stop = past(1)
            with pytest.raises(MeterDenied, match="user and password"):
                meter.collect(start, stop)


JSON = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["results", "series", "columns", "values", "tags", "error"]), inner
        )
    ),
    max_leaves=10,
)


@given(
    JSON
    | JSON.map(
        lambda series: (
            {"results": [{"series": [{"columns": ["a"], **series}]}]}
            if isinstance(series, dict)
            else series
        )
    )
)
@settings(deadline=None, max_examples=50)
def test_any_answer_is_understood_or_refused(answer):
    body = json.dumps(answer).encode()
    refused = pytest.raises((MeterUnavailable, ConfigError))
    with Loopback(lambda request: Answer(body)) as server, refused:
        InfluxDb(server.url, "home", "W", version=1).start()


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
