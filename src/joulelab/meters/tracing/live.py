"""What a run has cost so far, from the readings as they come: for bar, budget and curve.

The final energies come from the sealed trace; these are the same sums without its corrections.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from joulelab.meters.energy.scopes import choose
from joulelab.records import Channel, Provenance

POWER_WINDOW_NS = 1_000_000_000
LOST_NS = 10_000_000_000


class LiveChannel:
    """One channel's joules since its first reading."""

    __slots__ = ("_counter", "_gap", "_value", "energy_j", "recent", "time_ns")

    def __init__(self, channel: Channel) -> None:
        self._counter = channel.kind == "counter"
        self._value = math.nan
        self._gap = False
        self.energy_j = 0.0
        self.time_ns = 0
        self.recent: deque[tuple[int, float]] = deque(maxlen=256)

    def add(self, time_ns: int, value: float) -> None:
        if math.isfinite(value):
            last = self._value
            if not math.isnan(last):
                if self._counter:
                    self.energy_j += value - last
                elif not self._gap:
                    self.energy_j += (value + last) / 2 * (time_ns - self.time_ns) / 1e9
            self._value, self.time_ns, self._gap = value, time_ns, False
            self.recent.append((time_ns, self.energy_j))
        elif math.isnan(value):
            self._gap = True
        else:
            self._value = math.nan
            self.recent.clear()

    def alive(self, now_ns: int) -> bool:
        """It has answered, and not stopped answering: a short gap must not turn the figure over."""
        if len(self.recent) < 2:
            return self.time_ns > 0
        (before_ns, _), (last_ns, _) = self.recent[-2], self.recent[-1]
        return now_ns - last_ns < max(LOST_NS, 5 * (last_ns - before_ns))

    def power_w(self) -> float:
        recent = list(self.recent)
        if len(recent) < 2:
            return math.nan
        last_ns, last_j = recent[-1]
        earlier = [point for point in recent[:-1] if point[0] >= last_ns - POWER_WINDOW_NS]
        first_ns, first_j = earlier[0] if earlier else recent[-2]
        return (last_j - first_j) / (last_ns - first_ns) * 1e9 if last_ns > first_ns else math.nan


class LiveEnergy:
    """The headline rule over the channels that answer while the run goes."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels: dict[str, Channel] = {}
        self._states: dict[str, LiveChannel] = {}
        self._marks: dict[int, dict[str, float]] = {}
        self.add(channels)

    def add(self, channels: Mapping[str, Channel]) -> None:
        new = {name: c for name, c in channels.items() if c.kind != "auxiliary"}
        # New dicts: another thread may be walking over the old ones.
        self._states = {**self._states, **{name: LiveChannel(c) for name, c in new.items()}}
        self._channels = {**self._channels, **new}

    def state(self, channel_id: str) -> LiveChannel | None:
        return self._states.get(channel_id)

    def headline(self, now_ns: int) -> tuple[str, ...]:
        return choose(self._channels, lambda name: self._states[name].alive(now_ns))

    def provenance(self, now_ns: int) -> Provenance | None:
        headline = self.headline(now_ns)
        return self._channels[headline[0]].provenance if headline else None

    def mark(self, time_ns: int) -> None:
        self._marks[time_ns] = {name: state.energy_j for name, state in self._states.items()}

    def since_j(self, since_ns: int, now_ns: int) -> float:
        """NaN where nothing answers, or where `since_ns` was never marked."""
        marked = self._marks.get(since_ns)
        if marked is None:
            return math.nan
        headline = choose(
            self._channels, lambda name: name in marked and self._states[name].alive(now_ns)
        )
        if not headline:
            return math.nan
        return sum(self._states[name].energy_j - marked[name] for name in headline)

    def power_w(self, now_ns: int) -> float:
        headline = self.headline(now_ns)
        return sum(self._states[name].power_w() for name in headline) if headline else math.nan
