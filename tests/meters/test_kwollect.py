"""Wattmetre and BMC of a Grid'5000 node, from a loopback API."""

from __future__ import annotations

import json
import math
import time

import pytest
from contracts.database import DatabaseContract
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_kwollect import FakeKwollect
from support.instants import S, now, past
from support.loopback import Answer, Loopback

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.kwollect import Kwollect

PERIOD_S = 0.05
KNOWN_CLOCK = {"clock_offset_s": 0.0, "u_clock_s": 0.01}
METRICS = {
    "wattmetre_power_watt": lambda at_s: at_s % 1000,
    "bmc_node_power_watt": lambda at_s: 150,
    "bmc_cpu_power_watt": lambda at_s: 90,
    "pdu_outlet_power_watt": lambda at_s: 201,
    "bmc_ambient_temp_celsius": lambda at_s: 21,
    "server_power_watt": lambda at_s: 5,
}


@pytest.fixture
def api():
    with FakeKwollect(METRICS, time.time, PERIOD_S) as server:
        yield server


def meter_of(api, *metrics, **options):
    given_options = {"update_period_s": PERIOD_S, **KNOWN_CLOCK, **options}
    chosen = {"metrics": metrics} if metrics else {}
    return Kwollect(api.url, site="lyon", node="taurus-7", **chosen, **given_options)


class TestKwollect(DatabaseContract):
    @pytest.fixture(params=[("wattmetre_power_watt",), tuple(METRICS)[:5]], ids=["one", "five"])
    def meter(self, api, request):
        return meter_of(api, *request.param)


def test_samples_keep_their_stamps_whatever_the_zone(api):
    start, stop = past(10)
    meter = meter_of(api)
    meter.start()
    samples = meter.collect(start, stop)
    shift_s = (start.wall_ns - start.monotonic_ns) / S
    assert len(samples) == pytest.approx(10 / PERIOD_S + 2, abs=1)
    for each in samples:
        assert (each.time_ns / S + shift_s) % 1000 == pytest.approx(each.value, abs=1e-4)
    assert meter.trouble is None


def test_pages_give_what_one_answer_gives(api):
    start, stop = past(5)
    whole, paged = meter_of(api), meter_of(api, page_s=20.0)
    for meter in (whole, paged):
        meter.start()
    assert sorted(whole.collect(start, stop)) == sorted(paged.collect(start, stop))


def test_disorder_is_put_right(api):
    start, stop = past(5)
    meter = meter_of(api)
    meter.start()
    in_order = meter.collect(start, stop)
    api.disorder = True
    assert meter.collect(start, stop) == in_order


def test_scopes_follow_from_names(api):
    meter = meter_of(api, *METRICS, scopes={"server_power_watt": "node"})
    meter.start()
    scopes = {each.name: (each.kind, each.scope, each.inside) for each in meter.channels}
    assert scopes == {
        "wattmetre_power_watt": ("power", "wall", None),
        "bmc_node_power_watt": ("power", "node", None),
        "bmc_cpu_power_watt": ("power", "cpu", None),
        "pdu_outlet_power_watt": ("power", "wall", "wattmetre_power_watt"),
        "bmc_ambient_temp_celsius": ("auxiliary", "node", None),
        "server_power_watt": ("power", "node", "bmc_node_power_watt"),
    }


def test_two_supplies_are_two_channels_to_be_summed(api):
    api.origins["wattmetre_power_watt"] = ["wattmetre1-port6", "wattmetre2-port6"]
    meter = meter_of(api)
    meter.start()
    assert [(each.name, each.inside) for each in meter.channels] == [
        ("wattmetre_power_watt-wattmetre1-port6", None),
        ("wattmetre_power_watt-wattmetre2-port6", None),
    ]


def test_waits_for_the_sample_after_the_end(api):
    meter = meter_of(api)
    meter.start()
    start = now()
    time.sleep(0.2)
    stop = now()
    samples = meter.collect(start, stop)
    assert max(each.time_ns for each in samples) > stop.monotonic_ns
    assert meter.trouble is None


def test_says_what_the_record_lacks(api):
    start, stop = past(4)
    hole = (start.wall_ns / S + 1, start.wall_ns / S + 2)
    api.metrics = {"wattmetre_power_watt": lambda s: None if hole[0] <= s < hole[1] else 5.0}
    meter = meter_of(api)
    meter.start()
    meter.collect(start, stop)
    assert "without a sample" in meter.trouble


def test_says_that_the_last_sample_never_came(api):
    start, stop = past(4)
    meter = meter_of(api, wait_s=0.0)
    meter.start()
    end_s = stop.wall_ns / S - 0.1
    api.metrics = {"wattmetre_power_watt": lambda at_s: 5.0 if at_s < end_s else None}
    meter.collect(start, stop)
    assert "no sample after the end" in meter.trouble


def test_a_clock_set_forward_is_undone(api):
    """The wattmetre's clock jumps by 20 s in the middle of five seconds of 100 W."""
    meter = meter_of(api, clock_offset_s=None)
    jumped_s = math.inf
    api.metrics = {
        "wattmetre_power_watt": lambda at_s: None if jumped_s <= at_s < jumped_s + 20 else 100.0
    }
    meter.start()
    start = now()
    time.sleep(0.5)
    jumped_s = time.time()
    api.clock, api.clock_s = (lambda: time.time() + 20), 20.0
    time.sleep(0.5)
    stop = now()
    samples = meter.collect(start, stop)
    inside = [each for each in samples if start.monotonic_ns <= each.time_ns <= stop.monotonic_ns]
    assert "set by about +20" in meter.trouble
    assert "brought back" in meter.trouble
    assert len(inside) == pytest.approx(1.0 / PERIOD_S, abs=3)
    assert meter.channels[0].u_clock_s < 0.2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"metrics": ["wattmetre_power"]}, "has no wattmetre_power in the last 60 s"),
        ({"node": "taurus-8"}, "taurus-8 has no wattmetre_power_watt"),
        ({"site": "nancy"}, "status 404"),
        ({"metrics": ["server_power_watt"]}, "what server_power_watt sees is not known"),
    ],
)
def test_what_is_not_there_is_said_at_the_start(api, options, says):
    with pytest.raises((MeterUnavailable, ConfigError), match=says):
        Kwollect(**{"url": api.url, "site": "lyon", "node": "taurus-7", **options}).start()


def test_a_password_is_asked_for_and_given(api):
    api.authorization = "Basic YTpi"
    with pytest.raises(MeterDenied):
        meter_of(api).start()
    meter_of(api, user="a", password="b").start()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["timestamp", "metric_id", "value", "labels"]) | st.text(), inner
        )
    ),
    max_leaves=8,
)


@given(JSON)
@settings(deadline=None, max_examples=50)
def test_any_answer_is_understood_or_refused(answer):
    body = json.dumps(answer).encode()
    refused = pytest.raises((MeterUnavailable, ConfigError))
    with Loopback(lambda request: Answer(body)) as server, refused:
        meter_of(server).start()
