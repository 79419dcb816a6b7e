"""Running average power limit counters of Intel and AMD CPUs, through Linux powercap."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import replace

from joulelab.errors import ConfigError, MeterDenied
from joulelab.meters.rapl_zones import CURE, ROOT, UPDATE_PERIOD_S, Zone, discover
from joulelab.records import Channel, Sample

IMPLAUSIBLE = 1.5
# The counter moves in steps: two close readings may lie a whole step apart.
_STEP_NS = 10 * UPDATE_PERIOD_S * 1e9


class Rapl:
    """Channels `package-<n>`, their `core-<n>` and `uncore-<n>`, `dram-<n>` and `psys`.

    `root` is the powercap class folder, `zones` the channels wanted (default: all).
    `accuracy_relative` is declared, not certified: Intel publishes no bound, and published
    comparisons with external meters mostly stay within it for packages of 2013 (Haswell) and later.
    """

    remote = False

    def __init__(
        self,
        root: str = ROOT,
        zones: Sequence[str] | None = None,
        accuracy_relative: float = 0.05,
    ) -> None:
        self._root = root
        self._wanted = None if zones is None else list(zones)
        self._accuracy_relative = accuracy_relative
        self._counters: list[Counter] = []
        self._channels: tuple[Channel, ...] = ()

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    def start(self) -> None:
        self.stop()
        zones = self._selected(discover(self._root))
        kept = {zone.name for zone in zones}
        for zone in zones:
            self._counters.append(Counter(zone))
        channels = [zone.channel(self._accuracy_relative) for zone in zones]
        self._channels = tuple(_outside(channel, kept) for channel in channels)
        self.read()

    def read(self) -> Sequence[Sample]:
        return [counter.read() for counter in self._counters]

    def stop(self) -> None:
        for counter in self._counters:
            counter.close()
        self._counters = []

    def _selected(self, zones: list[Zone]) -> list[Zone]:
        if self._wanted is None:
            return zones
        unknown = sorted(set(self._wanted) - {zone.name for zone in zones})
        if unknown:
            raise ConfigError(
                f"no RAPL zone {unknown[0]}",
                where="meter.rapl.zones",
                cure=f"this machine has {', '.join(zone.name for zone in zones)}",
            )
        return [zone for zone in zones if zone.name in self._wanted]


class Counter:
    """One zone's energy since the first good reading, in J, wraps undone where it is read.

    A reading after a gap counts the gap too, unless the counter could have wrapped unseen in it.
    """

    __slots__ = (
        "_bound_uj_per_ns",
        "_fd",
        "_last_ns",
        "_last_uj",
        "_longest_ns",
        "_path",
        "_range_uj",
        "_total_uj",
        "name",
    )

    def __init__(self, zone: Zone) -> None:
        self.name = zone.name
        self._path = zone.path / "energy_uj"
        self._fd = -1
        self._range_uj = zone.range_uj or 0
        # 1 W is 1e-3 µJ/ns.
        self._bound_uj_per_ns = IMPLAUSIBLE * zone.power_max_w * 1e-3
        self._longest_ns = (zone.range_uj or math.inf) / (zone.power_max_w * 1e-3)
        self._last_uj = 0
        self._last_ns = 0
        self._total_uj = 0
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError as error:
            raise MeterDenied(
                "this user may not read RAPL", where=str(self._path), cure=CURE
            ) from error
        except OSError:
            pass  # unreadable for a while: read tries again

    def read(self) -> Sample:
        """Infinity where what happened since the last good reading cannot be known."""
        try:
            raw_uj = int(os.pread(self._fd, 32, 0))
        except (OSError, ValueError):
            self._reopen()
            return Sample(time.monotonic_ns(), self.name, math.nan)
        now_ns = time.monotonic_ns()
        last_ns, grown_uj = self._last_ns, raw_uj - self._last_uj
        self._last_uj, self._last_ns = raw_uj, now_ns
        if last_ns:
            passed_ns = now_ns - last_ns
            if grown_uj < 0:
                grown_uj += self._range_uj
            bound_uj = (passed_ns + _STEP_NS) * self._bound_uj_per_ns
            if not 0 <= grown_uj <= bound_uj or passed_ns > self._longest_ns:
                return Sample(now_ns, self.name, math.inf)
            self._total_uj += grown_uj
        return Sample(now_ns, self.name, self._total_uj / 1e6)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _reopen(self) -> None:
        self.close()
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1


def _outside(channel: Channel, kept: set[str]) -> Channel:
    """A part whose package was not chosen stands for itself."""

    return channel if channel.inside in kept else replace(channel, inside=None)
