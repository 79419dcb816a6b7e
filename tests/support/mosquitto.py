"""A real broker on loopback, and an instrument that publishes to it."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from support.server import Server

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


class Mosquitto(Server):
    """`password` is that of the user `meter`; None lets everybody in. Settable until the next start."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        super().__init__(folder, self._configured)
        self.password = password

    def _configured(self, port: int) -> list[str]:
        assert MOSQUITTO is not None
        users = self._folder / "users"
        # As root it would otherwise become a user who may not read a test's folder.
        lines = [f"user {getpass.getuser()}", f"listener {port} 127.0.0.1"]
        lines += ["persistence false", "log_dest stderr", "log_type error"]
        if self.password is None:
            lines.append("allow_anonymous true")
        else:
            users.unlink(missing_ok=True)
            command = ["mosquitto_passwd", "-b", "-c", str(users), "meter", self.password]
            subprocess.run(command, check=True, capture_output=True)
            users.chmod(0o644)
            lines.append(f"password_file {users}")
        config = self._folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return [MOSQUITTO, "-c", str(config)]


class Publisher:
    """Publishes what `payloads()` says to `topic` every `period_s`, or what `say` is given."""

    def __init__(
        self,
        broker: Mosquitto,
        topic: str,
        payloads: Callable[[], list[str]] | None = None,
        period_s: float = 0.05,
    ) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.topic = topic
        self._broker = broker
        self._payloads = payloads
        self._period_s = period_s
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def say(self, text: str, retain: bool = False) -> None:
        # QoS 1 and the wait for its receipt: what is said has reached the broker.
        self._client.publish(self.topic, text, qos=1, retain=retain).wait_for_publish(2)

    def __enter__(self) -> Publisher:
        if self._broker.password is not None:
            self._client.username_pw_set("meter", self._broker.password)
        self._client.connect("127.0.0.1", self._broker.port)
        self._client.loop_start()
        if self._payloads is not None:
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        if self._payloads is not None:
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        while not self._ended.wait(self._period_s):
            for text in self._payloads():
                self._client.publish(self.topic, text)
