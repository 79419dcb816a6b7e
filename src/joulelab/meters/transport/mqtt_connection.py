"""A connection to an MQTT broker that comes back by itself, and says plainly why it does not come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulelab.errors import MeterDenied, MeterError, MeterUnavailable

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

KEEP_ALIVE_S = 10
RECONNECT_S = (1, 8)
_DENIED = (4, 5, 134, 135)
"""Bad user name or password, not authorised: CONNACK codes of MQTT 3.1.1 and of 5."""


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    timeout_s: float


class Connection:
    """Subscribed to `topics` from `open` to `close`. Both callbacks come on a thread of its own:
    `on_message` with the message and when it arrived, `on_loss` with when the broker went."""

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        on_message: Callable[[MQTTMessage, int], None],
        on_loss: Callable[[int], None],
        where: str,
    ) -> None:
        self.alive = False
        self.trouble: str | None = None
        self._broker = broker
        self._topics = topics
        self._on_message, self._on_loss = on_message, on_loss
        self._where = where
        self._answered = threading.Event()
        self._refused: MeterError | None = None
        self._client: Client | None = None

    def open(self) -> None:
        """Returns when the broker has accepted the subscription; MeterUnavailable, MeterDenied."""
        client = self._new_client()
        try:
            client.connect(self._broker.host, self._broker.port, keepalive=KEEP_ALIVE_S)
        except (OSError, ValueError) as error:
            raise self._unavailable(str(error)) from error
        self._client = client
        client.loop_start()
        if not self._answered.wait(self._broker.timeout_s):
            self._refused = self._unavailable(f"no answer within {self._broker.timeout_s:g} s")
        if self._refused is not None:
            self.close()
            raise self._refused

    def close(self) -> None:
        client, self._client = self._client, None
        self.alive = False
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _new_client(self) -> Client:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise MeterUnavailable(
                "paho-mqtt is not installed", where=self._where, cure="`pip install paho-mqtt`"
            ) from error
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect_timeout = self._broker.timeout_s
        client.reconnect_delay_set(*RECONNECT_S)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls:
            client.tls_set()
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._arrived
        return client

    def _connected(self, client: Client, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        if code.is_failure:
            self._refuse(str(code), code.value in _DENIED)
        else:
            client.subscribe([(topic, 0) for topic in self._topics])

    def _subscribed(self, _client: Client, _data: Any, _id: int, codes: Any, _more: Any) -> None:
        if any(code.is_failure for code in codes):
            self._refuse("this user may not subscribe to the topic", True)
        else:
            self.alive = True
            self._answered.set()

    def _disconnected(
        self, _client: Client, _data: Any, _flags: Any, code: Any, _more: Any
    ) -> None:
        if self.alive:
            self.alive = False
            self.trouble = f"the broker went away ({code})"
            self._on_loss(time.monotonic_ns())

    def _arrived(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._on_message(message, time.monotonic_ns())

    def _refuse(self, why: str, denied: bool) -> None:
        self._refused = self._denied(why) if denied else self._unavailable(why)
        self.trouble = str(self._refused)
        self._answered.set()

    def _denied(self, why: str) -> MeterDenied:
        return MeterDenied(
            f"the broker refuses: {why}",
            where=self._address,
            cure="set meter.mqtt.user and `export JOULELAB_MQTT_PASSWORD=...`",
        )

    def _unavailable(self, why: str) -> MeterUnavailable:
        return MeterUnavailable(
            f"no broker: {why}",
            where=self._address,
            cure="check host and port; `mosquitto_sub -h <host> -t '<topic>' -v` shows what comes",
        )

    @property
    def _address(self) -> str:
        return f"{self._where} ({self._broker.host}:{self._broker.port})"
