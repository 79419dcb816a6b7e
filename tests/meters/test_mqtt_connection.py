"""Brokers that refuse, are not there, or let in; and settings that make no sense."""

from __future__ import annotations

import math

import pytest
from support.mosquitto import MOSQUITTO, Mosquitto, Publisher
from support.waiting import until

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.mqtt import Mqtt

TOPIC = "zwave/plug/value"
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


def mqtt(broker, **options):
    return Mqtt("127.0.0.1", TOPIC, port=broker.port, update_period_s=1.0, **options)


@needs_broker
@pytest.mark.parametrize("password", [None, "wrong"])
def test_broker_that_refuses_is_denied_with_the_cure(tmp_path, password):
    with (
        Mosquitto(tmp_path, password="secret") as broker,
        pytest.raises(MeterDenied, match="JOULELAB_MQTT_PASSWORD"),
    ):
        mqtt(broker, user="meter", password=password).start()


@needs_broker
def test_password_opens_the_broker(tmp_path):
    with Mosquitto(tmp_path, password="secret") as broker:
        meter = mqtt(broker, user="meter", password="secret")
        meter.start()
        with Publisher(broker, TOPIC) as publisher:
            publisher.say("50")
            assert until(lambda: not math.isnan(meter.read()[0].value))
        meter.stop()


def test_no_broker_is_unavailable_with_the_command_that_shows_more():
    with pytest.raises(MeterUnavailable, match="mosquitto_sub"):
        Mqtt("127.0.0.1", TOPIC, port=9, timeout_s=0.5).start()


@pytest.mark.parametrize(
    "options",
    [{"power_path": None}, {"topic": "zwave/#"}, {"power_path": "a..b"}, {"power_path": "a["}],
)
def test_senseless_settings_are_config_errors(options):
    with pytest.raises(ConfigError, match=r"meter\.mqtt"):
        Mqtt(**{"host": "127.0.0.1", "topic": TOPIC, **options})
