"""What came over MQTT: numbers, when each was true, and in which order they are to be read."""

from __future__ import annotations

import json
import math
import threading
from typing import Any, NamedTuple

import numpy as np

from joulelab.errors import MeterUnavailable
from joulelab.meters.energy.counters import unwrap
from joulelab.meters.plug import SinceStart
from joulelab.meters.transport.clock import to_monotonic_ns
from joulelab.meters.transport.iso_time import epoch_ns
from joulelab.meters.transport.json_path import JsonPath
from joulelab.records import Channel, Instant, Sample
from joulelab.units import NS_PER_S


class OwnStamp:
    """The time that a message carries: at `path`, as epoch seconds after `factor`, or ISO 8601.

    Its clock is `offset_s` ahead of this host's. A stamp is believed where it is at most
    `tolerance_s` in the future of its arrival and `delay_max_s` in the past.
    """

    def __init__(
        self, path: JsonPath, factor: float, offset_s: float, tolerance_s: float, delay_max_s: float
    ) -> None:
        self._path = path
        self._factor = factor
        self._offset_s = offset_s
        self._earliest_s, self._latest_s = -delay_max_s, tolerance_s

    def monotonic_ns(self, document: Any, arrived_ns: int, anchor: Instant) -> int:
        """MeterUnavailable where there is no stamp, or none to be believed."""
        at_ns = int(to_monotonic_ns(self._epoch_s(document), anchor, self._offset_s))
        apart_s = (at_ns - arrived_ns) / NS_PER_S
        if not self._earliest_s <= apart_s <= self._latest_s:
            raise MeterUnavailable(
                f"a message was stamped {apart_s:+.1f} s from its arrival, which counts instead",
                where="meter.mqtt.time_path",
                cure="set the instrument's clock, clock_offset_s or delay_max_s",
            )
        return at_ns

    def _epoch_s(self, document: Any) -> float:
        found = self._path.value(document)
        if isinstance(found, str):
            try:
                return epoch_ns(found) / NS_PER_S
            except ValueError:
                pass
        return self._path.number(document) * self._factor


class Reader(NamedTuple):
    """Which number of a topic's messages a channel is."""

    channel: Channel
    topic: str
    path: JsonPath
    factor: float

    def value(self, document: Any) -> float:
        return self.path.number(document) * self.factor


class Series:
    """All values of one channel, raw: a counter's as its instrument has them. For two threads."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._times_ns: list[int] = []
        self._values: list[float] = []
        self._since: SinceStart | None = None
        self._zero_j = 0.0
        self._live = (0, math.nan)

    def add(self, time_ns: int, value: float) -> bool:
        """Whether a counter restarted with it."""
        with self._lock:
            self._times_ns.append(time_ns)
            self._values.append(value)
            if time_ns < self._live[0]:
                return False
            self._live = (time_ns, self._shown(value))
            return math.isinf(self._live[1])

    def silence(self, time_ns: int) -> None:
        """Nobody could have been heard from then on."""
        with self._lock:
            self._times_ns.append(time_ns)
            self._values.append(math.nan)
            self._live = (time_ns, math.nan)

    @property
    def heard(self) -> bool:
        with self._lock:
            return math.isfinite(self._live[1])

    def latest(self, not_before_ns: int) -> float:
        """What the last message said, NaN where that was earlier or never."""
        with self._lock:
            time_ns, value = self._live
            if math.isinf(value):
                # A restart is told once.
                self._live = (time_ns, math.nan if self._since is None else self._since.last_j)
            return value if time_ns >= not_before_ns else math.nan

    def between(self, start_ns: int, stop_ns: int) -> list[Sample]:
        """Samples of [start, stop] and one beyond each end where there is one."""
        with self._lock:
            times_ns = np.array(self._times_ns, dtype=np.int64)
            values = np.array(self._values, dtype=np.float64)
        order = np.argsort(times_ns, kind="stable")
        times_ns, values = times_ns[order], values[order]
        if self._channel.kind == "counter":
            first = values[np.isfinite(values)][:1]
            times_ns, since_first = unwrap(times_ns, values)
            values = since_first + (first[0] - self._zero_j if len(first) else 0.0)
            order = np.argsort(times_ns, kind="stable")
            times_ns, values = times_ns[order], values[order]
        begin = max(int(np.searchsorted(times_ns, start_ns)) - 1, 0)
        end = int(np.searchsorted(times_ns, stop_ns, side="right")) + 1
        return [
            Sample(at_ns, self._channel.name, value)
            for at_ns, value in zip(
                times_ns[begin:end].tolist(), values[begin:end].tolist(), strict=True
            )
        ]

    def _shown(self, value: float) -> float:
        if self._channel.kind == "power":
            return value
        if self._since is None:
            self._zero_j = value
            self._since = SinceStart(value)
        return self._since.value(value)


def document_of(payload: bytes | bytearray) -> Any:
    """JSON where it is JSON, else the text."""
    text = payload.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
