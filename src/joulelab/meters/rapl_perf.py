"""The same counters through perf events: for users who may open those but not read powercap.

PMU `power` of the Linux perf_events RAPL driver: `/sys/bus/event_source/devices/power/` with `type`,
`cpumask` (one CPU for each counter), `events/energy-<part>` (`event=0x02`) and its `.scale` (J per
count). Counts are 64 bits since the opening, wraps of the register undone by the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
import platform
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from joulelab.errors import MeterDenied, MeterUnavailable
from joulelab.meters.rapl_zones import POWER_MAX_W, UPDATE_PERIOD_S
from joulelab.records import Channel, Sample, Scope

PMU = "/sys/bus/event_source/devices/power"
CPUS = "/sys/devices/system/cpu"
CURE = "run `sudo sysctl kernel.perf_event_paranoid=0` (until the next boot)"

_PARTS: dict[str, tuple[str, Scope]] = {
    "energy-pkg": ("package", "cpu"),
    "energy-cores": ("core", "cpu"),
    "energy-gpu": ("uncore", "cpu"),
    "energy-ram": ("dram", "dram"),
    "energy-psys": ("psys", "node"),
}
_SYSCALL = {"x86_64": 298, "i686": 336}
_ATTRIBUTES = struct.Struct("=IIQQQQQIIQ")  # perf_event_attr as of PERF_ATTR_SIZE_VER0
_CLOSE_ON_EXEC = 8


class Count(Protocol):
    """An open perf counter. `read` raises OSError where there is no answer."""

    def read(self) -> int: ...
    def close(self) -> None: ...


OpenCount = Callable[[int, int, int], Count]
"""(type of the PMU, event, CPU) -> its count; OSError where the kernel refuses."""


class KernelCount:
    """perf_event_open(2) for all processes of one CPU."""

    def __init__(self, pmu_type: int, event: int, cpu: int) -> None:
        number = _SYSCALL.get(platform.machine())
        if number is None:
            raise OSError(errno.ENOSYS, f"no RAPL events on {platform.machine()}")
        attributes = _ATTRIBUTES.pack(pmu_type, _ATTRIBUTES.size, event, 0, 0, 0, 0, 0, 0, 0)
        library = ctypes.CDLL(None, use_errno=True)
        self._fd = library.syscall(number, attributes, -1, cpu, -1, _CLOSE_ON_EXEC)
        if self._fd < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def read(self) -> int:
        return int.from_bytes(os.read(self._fd, 8), "little")

    def close(self) -> None:
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class Event:
    """One counter that the PMU offers. `joules` are those of one count."""

    channel: Channel
    code: int
    cpu: int
    joules: float


class PerfCounter:
    """One event's energy since its opening, in J."""

    def __init__(self, event: Event, count: Count) -> None:
        self.name = event.channel.name
        self._joules = event.joules
        self._count = count
        self.trouble: str | None = None

    def read(self) -> Sample:
        try:
            value = self._count.read() * self._joules
        except (OSError, ValueError) as error:
            self.trouble = f"{self.name}: {error}"
            value = math.nan
        return Sample(time.monotonic_ns(), self.name, value)

    def close(self) -> None:
        self._count.close()


def discover(
    accuracy_relative: float, pmu: str | Path = PMU, cpus: str | Path = CPUS
) -> tuple[int, list[Event]]:
    """The PMU's type and its events, packages before their parts. MeterUnavailable where it has none.

    Several dies of one package are refused: some mirror one counter, and counts that begin at the
    opening do not show which.
    """
    pmu = Path(pmu)
    try:
        kind = int((pmu / "type").read_text())
        places = _places(_listed((pmu / "cpumask").read_text()), Path(cpus))
        events = list(_events(pmu / "events", places, accuracy_relative))
    except (OSError, ValueError) as error:
        raise MeterUnavailable(
            "no RAPL perf events",
            where=str(pmu),
            cure="load them with `modprobe rapl`; virtual machines and containers hide them",
        ) from error
    if not events:
        raise MeterUnavailable("the PMU offers no energy", where=str(pmu), cure="update the kernel")
    return kind, events


def open_counter(kind: int, event: Event, open_count: OpenCount = KernelCount) -> PerfCounter:
    """MeterDenied or MeterUnavailable where the kernel refuses."""
    try:
        return PerfCounter(event, open_count(kind, event.code, event.cpu))
    except PermissionError as error:
        raise MeterDenied(
            "this user may not open RAPL perf events", where=PMU, cure=CURE
        ) from error
    except OSError as error:
        raise MeterUnavailable(
            f"the kernel refuses {event.channel.name} ({error.strerror})",
            where=PMU,
            cure="read the counters with meter.rapl.via=powercap",
        ) from error


def _events(folder: Path, places: dict[int, int], accuracy_relative: float) -> Iterator[Event]:
    for name, (part, scope) in _PARTS.items():
        if not (folder / name).exists():
            continue
        code = int((folder / name).read_text().strip().removeprefix("event="), 0)
        joules = float((folder / f"{name}.scale").read_text())
        for cpu, package in places.items():
            channel = Channel(
                name=part if part == "psys" else f"{part}-{package}",
                kind="counter",
                unit="J",
                scope=scope,
                provenance="measured",
                resolution=joules,
                update_period_s=UPDATE_PERIOD_S,
                accuracy_relative=accuracy_relative,
                inside=f"package-{package}" if part in ("core", "uncore") else None,
                power_max_w=POWER_MAX_W,
            )
            yield Event(channel, code, cpu, joules)
            if part == "psys":
                break


def _places(cpus: list[int], folder: Path) -> dict[int, int]:
    """CPU -> its package."""
    found: dict[int, int] = {}
    for cpu in cpus:
        package = int((folder / f"cpu{cpu}/topology/physical_package_id").read_text())
        if package in found.values():
            raise MeterUnavailable(
                f"package {package} has several dies, and perf does not show which mirror each other",
                where=str(folder),
                cure="read the counters with meter.rapl.via=powercap",
            )
        found[cpu] = package
    return found


def _listed(text: str) -> list[int]:
    """`0-1,18` is [0, 1, 18]."""
    ranges = [part.partition("-") for part in text.strip().split(",")]
    return [cpu for low, _, high in ranges for cpu in range(int(low), int(high or low) + 1)]
