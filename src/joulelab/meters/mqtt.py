"""Any power or energy that somebody publishes over MQTT."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from joulelab.errors import ConfigError, MeterError
from joulelab.meters.mqtt_readings import OwnStamp, Reader, Series, document_of
from joulelab.meters.plug import RESTARTED, PlugFigures, declare
from joulelab.meters.transport.json_path import JsonPath
from joulelab.meters.transport.mqtt_connection import Broker, Connection
from joulelab.records import Channel, Instant, Sample
from joulelab.units import NS_PER_S

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

KEY = "meter.mqtt"
FIRST_MESSAGE_S = 3.0
STALE_PERIODS = 3.0
FIGURES = PlugFigures(
    power_resolution_w=0.1,
    counter_resolution_j=3600.0,
    accuracy_absolute_w=3.0,
    accuracy_relative=0.01,
)


class Mqtt:
    """Channels `power` and `energy` (a counter; inside `power` where both are there).

    A path leads to the number in the JSON of a message (`ENERGY.Power`, `list[0].watts`; empty where
    the message is the number itself) and is null where there is none; number x factor is W, or J.
    `energy_topic` is where the counter comes from if not from `topic`.

    While the run goes, a reading repeats the last message, NaN where that is older than three
    `update_period_s`; afterwards the messages themselves replace it, stamped as they arrived. With
    `time_path` they carry their own stamp, epoch seconds after `time_factor` or ISO 8601 with a
    zone, less `clock_offset_s`; a stamp that is no use (in the future, or older than `delay_max_s`)
    gives way to the time of arrival, and `trouble` says so. Retained messages without a stamp are
    of unknown age and are passed over.

    Nothing is known of the instrument behind a topic: state its accuracy. Defaults are those of the
    plug in the performance-tracking study (Verlynde): ±3 W below 300 W, ±1 % above, 30 s at best.
    """

    # Its connection may come and go; messages come on a thread of their own.
    remote = True
    note = "any topic of a broker"

    def __init__(
        self,
        host: str,
        topic: str,
        port: int = 1883,
        user: str | None = None,
        password: str | None = None,
        tls: bool = False,
        power_path: str | None = "",
        power_factor: float = 1.0,
        energy_topic: str | None = None,
        energy_path: str | None = None,
        energy_factor: float = 1.0,
        time_path: str | None = None,
        time_factor: float = 1.0,
        clock_offset_s: float = 0.0,
        u_clock_s: float = 0.5,
        delay_max_s: float = 10.0,
        update_period_s: float = 30.0,
        timeout_s: float = 3.0,
        **figures: Unpack[PlugFigures],
    ) -> None:
        self._broker = Broker(host, port, user, password, tls, timeout_s)
        self._update_period_s = update_period_s
        self._stale_ns = round(STALE_PERIODS * update_period_s * NS_PER_S)
        self._stamp: OwnStamp | None = None
        if time_path is not None:
            path = JsonPath(time_path, f"{KEY}.time_path")
            self._stamp = OwnStamp(path, time_factor, clock_offset_s, 3 * u_clock_s, delay_max_s)
        power, energy = declare(
            update_period_s=update_period_s,
            counter_period_s=update_period_s,
            clock_offset_s=0.0 if self._stamp is None else clock_offset_s,
            u_clock_s=0.0 if self._stamp is None else u_clock_s,
            **(FIGURES | figures),
        )
        if power_path is None:
            energy = replace(energy, inside=None)
        readers = [
            _reader(power, topic, power_path, power_factor),
            _reader(energy, energy_topic or topic, energy_path, energy_factor),
        ]
        self._readers = [reader for reader in readers if reader is not None]
        self._topics = sorted({reader.topic for reader in self._readers})
        self._check()
        self._series: dict[str, Series] = {}
        self._connection: Connection | None = None
        self._anchor = Instant(0, 0)
        self._doubt: str | None = None

    @property
    def trouble(self) -> str | None:
        lost = None if self._connection is None else self._connection.trouble
        return lost or self._doubt

    @property
    def channels(self) -> Sequence[Channel]:
        return tuple(reader.channel for reader in self._readers)

    def start(self) -> None:
        self._connect()
        self._await_first()

    def probe(self) -> None:
        self._connect()
        self.stop()

    def _connect(self) -> None:
        self.stop()
        self._series = {reader.channel.name: Series(reader.channel) for reader in self._readers}
        self._anchor = Instant(time.monotonic_ns(), time.time_ns())
        self._doubt = None
        self._connection = Connection(
            self._broker, self._topics, self._take, self._lose, f"{KEY}.host"
        )
        self._connection.open()

    def read(self) -> Sequence[Sample]:
        if self._connection is None:
            return ()
        now_ns = time.monotonic_ns()
        earliest_ns = now_ns - self._stale_ns
        alive = self._connection.alive
        return [
            Sample(now_ns, name, series.latest(earliest_ns) if alive else math.nan)
            for name, series in self._series.items()
        ]

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def collect(self, start: Instant, stop: Instant) -> Sequence[Sample]:
        samples: list[Sample] = []
        for series in self._series.values():
            samples += series.between(start.monotonic_ns, stop.monotonic_ns)
        return samples

    def _await_first(self) -> None:
        """So that a topic that speaks regularly is heard when the run begins; silence is no error."""
        until_s = time.monotonic() + min(1.5 * self._update_period_s, FIRST_MESSAGE_S)
        while time.monotonic() < until_s:
            if all(series.heard for series in self._series.values()):
                return
            time.sleep(0.01)

    def _check(self) -> None:
        if not self._readers:
            raise ConfigError(
                "neither power nor energy is read", where=KEY, cure="set power_path or energy_path"
            )
        for topic in self._topics:
            if "#" in topic or "+" in topic:
                raise ConfigError(
                    f"{topic} is more than one topic",
                    where=f"{KEY}.topic",
                    cure="name one; two instruments are no single curve",
                )

    def _lose(self, time_ns: int) -> None:
        for series in self._series.values():
            series.silence(time_ns)

    def _take(self, message: MQTTMessage, arrived_ns: int) -> None:
        document = document_of(message.payload)
        try:
            time_ns = self._stamp_ns(document, message.retain, arrived_ns)
            for reader in self._readers:
                if reader.topic == message.topic and time_ns is not None:
                    series = self._series[reader.channel.name]
                    if series.add(time_ns, reader.value(document)):
                        self._doubt = RESTARTED
        except MeterError as error:
            self._doubt = str(error)

    def _stamp_ns(self, document: Any, retained: bool, arrived_ns: int) -> int | None:
        """None for a message of unknown age."""
        if self._stamp is not None:
            try:
                return self._stamp.monotonic_ns(document, arrived_ns, self._anchor)
            except MeterError as error:
                self._doubt = str(error)
        return None if retained else arrived_ns


def _reader(channel: Channel, topic: str, path: str | None, factor: float) -> Reader | None:
    """None where there is no such number in the messages."""
    if path is None:
        return None
    return Reader(channel, topic, JsonPath(path, f"{KEY}.{channel.name}_path"), factor)
