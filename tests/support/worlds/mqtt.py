"""An instrument behind a real MQTT broker: messages with their own time, each as a power and a total."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import ClassVar

from support.mosquitto import Mosquitto, Publisher
from support.worlds.base import World, energy_j, power_w

from joulelab.meters.mqtt import Mqtt

TOPIC = "plug/1"
PASSWORD = "secret"


class MqttWorld(World):
    name = "mqtt"
    judged = "power"
    needs = ("mosquitto", "mosquitto_passwd")
    not_applicable: ClassVar[dict[str, str]] = {
        "slow answer": "nobody asks; a message that comes late carries its own time",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.broker = Mosquitto(folder, PASSWORD)
        self._held = ""
        self._total_j = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def meter(self) -> Mqtt:
        return Mqtt(
            "127.0.0.1",
            TOPIC,
            port=self.broker.port,
            user="meter",
            password=PASSWORD,
            power_path="W",
            energy_path="kWh",
            energy_factor=3.6e6,
            counter_resolution_j=1.0,
            time_path="time",
            u_clock_s=0.005,
            update_period_s=self.period_s,
        )

    def begin(self) -> None:
        if self.fault != "late start":
            self.broker.start()
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self.broker.stop()

    def _run(self) -> None:
        while self.struck("late start"):
            time.sleep(0.01)
        if self.fault == "late start":
            self.broker.start()
        with Publisher(self.broker, TOPIC, self._messages, self.period_s):
            while not self._ended.wait(0.01):
                if self.struck("permission lost") and self.broker.password == PASSWORD:
                    self.broker.stop()
                    self.broker.password = "changed"
                    self.broker.start()

    def _messages(self) -> list[str]:
        if self.struck("unreadable"):
            return []
        now_s = time.time()
        joules = energy_j(0.0, self.seconds())
        if self.struck("wrap") and not self._total_j:
            self._total_j = joules
        ahead_s = 3600.0 if self.struck("clock step") else 0.0
        message = {"W": round(power_w(self.seconds()), 2), "time": now_s + ahead_s}
        text = json.dumps({**message, "kWh": (joules - self._total_j) / 3.6e6})
        if not self.struck("disorder"):
            return [text]
        # Every second message comes after its successor, which comes twice.
        if not self._held:
            self._held = text
            return []
        held, self._held = self._held, ""
        return [text, held, text]


class MqttCounterWorld(MqttWorld):
    name = "mqtt-counter"
    judged = "energy"
