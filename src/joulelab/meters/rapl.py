"""Running average power limit counters of Intel and AMD CPUs, through Linux powercap or perf."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import replace

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters import rapl_perf
from joulelab.meters.rapl_zones import CURE, ROOT, UPDATE_PERIOD_S, Zone, discover
from joulelab.records import Channel, Sample

VIA = ("auto", "powercap", "perf")
IMPLAUSIBLE = 1.5
# The counter moves in steps: two close readings may lie a whole step apart.
_STEP_NS = 10 * UPDATE_PERIOD_S * 1e9


class Rapl:
    """Channels `package-<n>`, their `core-<n>` and `uncore-<n>`, `dram-<n>` and `psys`.

    `root` is the powercap class folder, `zones` the channels wanted (default: all). `via` `auto`
    opens perf events where powercap is not there or may not be read; `pmu` is their folder, left
    out the machine's own, as long as `root` is.
    `accuracy_relative` is declared, not certified: Intel publishes no bound, and published
    comparisons with external meters mostly stay within it for packages of 2013 (Haswell) and later.
    """

    remote = False

    def __init__(
        self,
        root: str = ROOT,
        zones: Sequence[str] | None = None,
        accuracy_relative: float = 0.05,
        via: str = "auto",
        pmu: str | None = None,
        cpus: str = rapl_perf.CPUS,
        open_count: rapl_perf.OpenCount = rapl_perf.KernelCount,
    ) -> None:
        if via not in VIA:
            raise ConfigError(
                f"{via!r} is no way to RAPL",
                where="meter.rapl.via",
                cure=f"choose one of {', '.join(VIA)}",
            )
        self._root = root
        self._wanted = None if zones is None else list(zones)
        self._accuracy_relative = accuracy_relative
        self._via = via
        own = root == ROOT or via == "perf"
        self._pmu = rapl_perf.PMU if pmu is None and own else pmu
        self._cpus = cpus
        self._open_count = open_count
        self._counters: list[Counter | rapl_perf.PerfCounter] = []
        self._channels: tuple[Channel, ...] = ()
        self._trouble: str | None = None
        self.note = ""

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    @property
    def trouble(self) -> str | None:
        troubles = [counter.trouble for counter in self._counters if counter.trouble]
        return troubles[0] if troubles else self._trouble

    def start(self) -> None:
        self.stop()
        self._trouble = None
        if self._via == "perf":
            self._start_perf()
        else:
            try:
                self._start_powercap()
            except (MeterDenied, MeterUnavailable) as refusal:
                self.stop()
                if self._via == "powercap" or self._pmu is None:
                    raise
                self._start_instead(refusal)
        self.read()

    def read(self) -> Sequence[Sample]:
        return [counter.read() for counter in self._counters]

    def stop(self) -> None:
        self._trouble = self.trouble
        for counter in self._counters:
            counter.close()
        self._counters = []

    def _start_powercap(self) -> None:
        left_out: list[str] = []
        zones = discover(self._root, left_out)
        channels = self._selected([zone.channel(self._accuracy_relative) for zone in zones])
        kept = {channel.name for channel in channels}
        for zone in zones:
            if zone.name in kept:
                self._counters.append(Counter(zone))
        self._channels = channels
        self.note = ", ".join(channel.name for channel in channels)
        if left_out:
            self.note += f"; not counted: {', '.join(left_out)}"

    def _start_perf(self) -> None:
        assert self._pmu is not None
        kind, events = rapl_perf.discover(self._accuracy_relative, self._pmu, self._cpus)
        channels = self._selected([event.channel for event in events])
        kept = {channel.name for channel in channels}
        try:
            for event in events:
                if event.channel.name in kept:
                    counter = rapl_perf.open_counter(kind, event, self._open_count)
                    self._counters.append(counter)
        except (MeterDenied, MeterUnavailable):
            self.stop()
            raise
        self._channels = channels
        self.note = f"{', '.join(channel.name for channel in channels)} through perf events"

    def _start_instead(self, refusal: MeterDenied | MeterUnavailable) -> None:
        """Perf where it is allowed, else what powercap said, with perf's cure beside its own."""
        try:
            self._start_perf()
        except MeterDenied as denied:
            cure = f"{refusal.cure}; or {denied.cure}" if refusal.cure else denied.cure
            raise MeterDenied(refusal.what, where=refusal.where, cure=cure) from refusal
        except MeterUnavailable:
            raise refusal from None

    def _selected(self, channels: Sequence[Channel]) -> tuple[Channel, ...]:
        names = [channel.name for channel in channels]
        kept = names if self._wanted is None else self._wanted
        unknown = sorted(set(kept) - set(names))
        if unknown:
            raise ConfigError(
                f"no RAPL zone {unknown[0]}",
                where="meter.rapl.zones",
                cure=f"this machine has {', '.join(names)}",
            )
        return tuple(_outside(each, set(kept)) for each in channels if each.name in kept)


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
        "trouble",
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
        self.trouble: str | None = None
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
        begin_ns = time.monotonic_ns()
        try:
            raw_uj = int(os.pread(self._fd, 32, 0))
        except (OSError, ValueError) as error:
            self._reopen(error)
            return Sample(time.monotonic_ns(), self.name, math.nan)
        now_ns = time.monotonic_ns()
        # From before the last reading: a busy machine may lie between a reading and its stamp.
        last_ns, grown_uj = self._last_ns, raw_uj - self._last_uj
        self._last_uj, self._last_ns = raw_uj, begin_ns
        if last_ns:
            passed_ns = now_ns - last_ns
            if grown_uj < 0:
                grown_uj += self._range_uj
            bound_uj = (passed_ns + _STEP_NS) * self._bound_uj_per_ns
            if not 0 <= grown_uj <= bound_uj or passed_ns > self._longest_ns:
                self.trouble = f"{self.name} jumped: a restart, or wraps nobody saw"
                return Sample(now_ns, self.name, math.inf)
            self._total_uj += grown_uj
        return Sample(now_ns, self.name, self._total_uj / 1e6)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _reopen(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and self._fd >= 0 else "no reading"
        self.close()
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as refusal:
            self._fd, reason = -1, refusal.strerror
        self.trouble = f"{self._path}: {reason}"


def _outside(channel: Channel, kept: set[str]) -> Channel:
    """A part whose package was not chosen stands for itself."""
    return channel if channel.inside in kept else replace(channel, inside=None)
