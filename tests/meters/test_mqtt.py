"""Readings over MQTT, through a real broker."""

from __future__ import annotations

import json
import math
import time

import pytest
from contracts.meter import BufferedMeterContract, now
from support.mosquitto import MOSQUITTO, Mosquitto, Publisher
from support.waiting import until

from joulelab.meters.mqtt import Mqtt
from joulelab.meters.tracing.recorder import Recorder
from joulelab.meters.tracing.trace import read_stream

TOPIC = "zwave/plug/value"
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


@pytest.fixture
def broker(tmp_path):
    with Mosquitto(tmp_path) as running:
        yield running


def mqtt(broker, **options):
    return Mqtt("127.0.0.1", TOPIC, **{"port": broker.port, "update_period_s": 0.1, **options})


def reading(meter, channel="power"):
    return next(sample.value for sample in meter.read() if sample.channel == channel)


def collected(meter, start, channel="power"):
    samples = meter.collect(start, now())
    return [(s.time_ns, s.value) for s in samples if s.channel == channel]


@needs_broker
class TestMqtt(BufferedMeterContract):
    @pytest.fixture(params=["number", "JSON"])
    def meter(self, request, broker):
        start_s = time.monotonic()

        def said():
            joules = 50 * (time.monotonic() - start_s)
            plain = request.param == "number"
            fields = {"W": 50.0, "J": joules, "t": time.time()}
            return ["52.5" if plain else json.dumps(fields)]

        paths = {"power_path": "W", "energy_path": "J", "time_path": "t"}
        with Publisher(broker, TOPIC, said, 0.02):
            yield mqtt(broker, **({} if request.param == "number" else paths))


@needs_broker
@pytest.mark.parametrize(
    ("payload", "path", "factor", "watts"),
    [
        ("52.5", "", 1.0, 52.5),
        ('{"time": 1700000000000, "value": 52.5}', "value", 1.0, 52.5),
        ('{"ENERGY": {"Power": [1, "52.5"]}}', "ENERGY.Power[1]", 1.0, 52.5),
        ('{"mW": 52500}', "mW", 0.001, 52.5),
    ],
    ids=["number", "Z-Wave JS", "list and text", "milliwatts"],
)
def test_number_of_a_message_becomes_watts(broker, payload, path, factor, watts):
    meter = mqtt(broker, power_path=path, power_factor=factor, update_period_s=10)
    # One that speaks all the time: a meter's start waits for a first message.
    with Publisher(broker, TOPIC, lambda: [payload]):
        meter.start()
        assert until(lambda: reading(meter) == pytest.approx(watts))
    meter.stop()


@needs_broker
def test_counter_of_another_topic_counts_from_its_first_message(broker):
    meter = mqtt(broker, energy_topic="other/kwh", energy_path="", energy_factor=3.6e6)
    meter.start()
    assert [channel.inside for channel in meter.channels] == [None, "power"]
    start = now()
    with Publisher(broker, "other/kwh") as publisher:
        for total_kwh in (7.5, 7.6, 0.1, 0.2):
            publisher.say(str(total_kwh))
    assert until(lambda: len(collected(meter, start, "energy")) == 5)
    meter.stop()
    joules = [value for _, value in collected(meter, start, "energy")]
    expected = [0, 0.36e6, math.inf, 0.36e6, 0.72e6]
    assert joules == pytest.approx(expected)
    assert "restarted" in meter.trouble


@needs_broker
def test_own_stamps_put_late_doubled_and_disordered_messages_right(broker):
    meter = mqtt(broker, power_path="W", time_path="t", time_factor=0.001)
    meter.start()
    start, wall_s = now(), time.time()
    with Publisher(broker, TOPIC) as publisher:
        for second in (0.0, 0.4, 0.2, 0.2, 0.6):
            publisher.say(json.dumps({"W": 100 * second, "t": (wall_s - 1 + second) * 1e3}))
    assert until(lambda: len(collected_all(meter)) == 5)
    meter.stop()
    found = collected_all(meter)
    assert [watts for _, watts in found] == [0, 20, 20, 40, 60]
    stamps = [(time_ns - start.monotonic_ns) / 1e9 + 1 for time_ns, _ in found]
    assert stamps == pytest.approx([0, 0.2, 0.2, 0.4, 0.6], abs=0.02)


def collected_all(meter):
    long_ago = now()
    return collected(meter, long_ago._replace(monotonic_ns=long_ago.monotonic_ns - 10**12))


@needs_broker
def test_iso_stamps_and_a_declared_offset(broker):
    meter = mqtt(broker, power_path="W", time_path="t", clock_offset_s=3600.0)
    meter.start()
    channel = meter.channels[0]
    assert (channel.clock_offset_s, channel.u_clock_s) == (3600.0, 0.5)
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    with Publisher(broker, TOPIC) as publisher:
        publisher.say(json.dumps({"W": 1, "t": ahead}))
    assert until(lambda: collected_all(meter))
    meter.stop()
    assert abs(time.monotonic_ns() - collected_all(meter)[0][0]) < 1.6e9
    assert meter.trouble is None


@needs_broker
@pytest.mark.parametrize("step_s", [-600, 600])
def test_stamp_of_a_clock_that_was_set_gives_way_to_the_arrival(broker, step_s):
    meter = mqtt(broker, power_path="W", time_path="t")
    meter.start()
    with Publisher(broker, TOPIC) as publisher:
        publisher.say(json.dumps({"W": 1, "t": time.time() + step_s}))
    assert until(lambda: collected_all(meter))
    meter.stop()
    assert abs(time.monotonic_ns() - collected_all(meter)[0][0]) < 1e9
    assert "its arrival" in meter.trouble


@needs_broker
def test_retained_message_is_of_unknown_age(broker):
    with Publisher(broker, TOPIC) as publisher:
        publisher.say("999", retain=True)
        meter = mqtt(broker)
        meter.start()
        publisher.say("50")
        assert until(lambda: reading(meter) == 50.0)
        meter.stop()
    assert [watts for _, watts in collected_all(meter)] == [50.0]


@needs_broker
def test_message_that_is_no_number_is_told_and_passed_over(broker):
    meter = mqtt(broker, power_path="W", update_period_s=10)
    said = ['{"W": 5}']
    with Publisher(broker, TOPIC, lambda: said):
        meter.start()
        said[:] = ['{"V": 230}', "\x00\xff"]
        assert until(lambda: meter.trouble is not None)
        said[:] = ['{"W": 7}']
        assert until(lambda: reading(meter) == 7.0)
    meter.stop()
    assert "meter.mqtt.power_path" in meter.trouble


@needs_broker
def test_old_message_is_no_reading(broker):
    meter = mqtt(broker, update_period_s=0.05)
    meter.start()
    with Publisher(broker, TOPIC) as publisher:
        publisher.say("50")
        assert until(lambda: not math.isnan(reading(meter)))
        time.sleep(0.2)
        assert math.isnan(reading(meter))
    meter.stop()


@needs_broker
def test_broker_that_goes_and_comes_again_leaves_a_gap(broker, tmp_path):
    meter = mqtt(broker, update_period_s=5.0)
    with Publisher(broker, TOPIC, lambda: ["50"]) as publisher:
        meter.start()
        start = now()
        assert until(lambda: reading(meter) == 50.0)
        broker.stop()
        assert until(lambda: math.isnan(reading(meter)))
        assert "broker went away" in meter.trouble
        broker.start()
        assert until(lambda: reading(meter) == 50.0, 10)
        publisher.say("51")
    meter.stop()
    assert any(math.isnan(value) for _, value in collected(meter, start))


@needs_broker
def test_collected_messages_replace_what_was_repeated_live(broker, tmp_path):
    start_s = time.monotonic()
    with Publisher(broker, TOPIC, lambda: [str(40 + 5 * (time.monotonic() - start_s))]):
        recorder = Recorder({"mqtt": mqtt(broker)}, tmp_path / "run", period_s=0.02)
        recorder.start()
        time.sleep(1.0)
        recorder.stop()
    trace = read_stream(tmp_path / "run")
    times_ns, watts = trace.times_ns["mqtt.power"], trace.values["mqtt.power"]
    inside = slice(3, -3)
    truth = 40 + 5 * (times_ns / 1e9 - start_s)
    assert watts[inside] == pytest.approx(truth[inside], abs=0.5)
    assert len(set(watts[inside])) == len(watts[inside])
