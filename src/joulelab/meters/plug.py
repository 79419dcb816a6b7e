"""What wall plugs share: one question a second, a power, and a counter of their own."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypedDict

from joulelab.errors import MeterError, MeterUnavailable
from joulelab.meters.power_channel import power_channel
from joulelab.meters.transport.http import Endpoint, Reply
from joulelab.records import Channel, Sample, Scope
from joulelab.units import NS_PER_S

RESTARTED = "the counter restarted: what it counted since the last reading is not known"


class Reading(NamedTuple):
    """Power in W, NaN where the plug says that it has none, and its own counter in J, from whenever
    on."""

    time_ns: int
    power_w: float
    total_j: float


class SinceStart:
    """A counter's joules since it stood at `zero_j`, from its reading `first_j` on (left out: that
    one). Infinity where it fell or `restarted`; from that reading on it goes on from the last
    value."""

    def __init__(self, zero_j: float, first_j: float | None = None) -> None:
        self._last_total_j = zero_j if first_j is None else first_j
        self.last_j = self._last_total_j - zero_j

    def value(self, total_j: float, restarted: bool = False) -> float:
        grown_j = total_j - self._last_total_j
        if math.isnan(grown_j):
            return math.nan
        self._last_total_j = total_j
        if grown_j < 0 or restarted:
            return math.inf
        self.last_j += grown_j
        return self.last_j


class PlugFigures(TypedDict, total=False):
    """What a user may say of a plug's readings; see Channel."""

    scope: Scope
    power_resolution_w: float
    counter_resolution_j: float
    accuracy_absolute_w: float
    accuracy_relative: float


def declare(
    *,
    power_resolution_w: float,
    counter_resolution_j: float,
    update_period_s: float,
    counter_period_s: float,
    accuracy_absolute_w: float,
    accuracy_relative: float,
    scope: Scope = "wall",
    clock_offset_s: float = 0.0,
    u_clock_s: float = 0.0,
) -> tuple[Channel, Channel]:
    """`power`, and inside it `energy`, the plug's own counter: the same joules, seen twice.

    Power is the outer one, for the counter alone would make a phase that is shorter than a step or a
    refresh of it nothing or twice; `reconcile` then gives the long phases the counter's joules.
    """
    power = power_channel(
        "power",
        scope,
        resolution_w=power_resolution_w,
        update_period_s=update_period_s,
        accuracy_absolute_w=accuracy_absolute_w,
        accuracy_relative=accuracy_relative,
        clock_offset_s=clock_offset_s,
        u_clock_s=u_clock_s,
    )
    energy = replace(
        power,
        name="energy",
        kind="counter",
        unit="J",
        resolution=counter_resolution_j,
        update_period_s=counter_period_s,
        inside="power",
    )
    return power, energy


class PolledPlug(ABC):
    """A plug that is asked over HTTP: `trouble` says why it last gave no answer.

    After a silence its uptime is asked too: one that restarted meanwhile did not count all of it.
    """

    remote = True

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._channels: tuple[Channel, ...] = ()
        self._since: SinceStart | None = None
        self._zero_j = math.nan
        self._heard_ns = 0
        self._silent = False
        self.trouble: str | None = None

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    @abstractmethod
    def _find(self) -> tuple[Channel, ...]:
        """Recognise the plug; raises what `start` raises."""

    @abstractmethod
    def _ask(self) -> Reading:
        """One reading; MeterError where there is none."""

    @abstractmethod
    def _uptime(self) -> tuple[float, Reply]:
        """Seconds since the plug booted, and the reply that says so."""

    def start(self) -> None:
        self.stop()
        self.trouble, self._silent = None, False
        try:
            channels = self._find()
            first = self._ask()
            if math.isnan(first.total_j):
                raise MeterUnavailable(
                    "the plug says that its readings are not valid yet",
                    where=self._endpoint.url,
                    cure="wait a minute after it was switched on",
                )
        except Exception:
            self.stop()
            raise
        self._heard_ns = first.time_ns
        self._zero_j = first.total_j
        self._since = SinceStart(first.total_j)
        self._channels = channels

    def read(self) -> Sequence[Sample]:
        if self._since is None:
            return ()
        try:
            restarted = self._silent and self._rebooted()
            reading = self._ask()
        except MeterError as error:
            self._silent, self.trouble = True, str(error)
            now_ns = time.monotonic_ns()
            return [Sample(now_ns, channel.name, math.nan) for channel in self._channels]
        self._silent, self._heard_ns = False, reading.time_ns
        energy_j = self._since.value(reading.total_j, restarted)
        if math.isinf(energy_j):
            self.trouble = RESTARTED
        return [
            Sample(reading.time_ns, "power", reading.power_w),
            Sample(reading.time_ns, "energy", energy_j),
        ]

    def stop(self) -> None:
        self._since = None
        self._endpoint.close()

    def _rebooted(self) -> bool:
        uptime_s, reply = self._uptime()
        return reply.middle_ns - uptime_s * NS_PER_S > self._heard_ns
