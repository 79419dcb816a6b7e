"""The INA3221 power monitors of a Jetson in sysfs: which rails they watch, and one rail's reading.

JetPack 4: `bus/i2c/drivers/ina3221x/*/iio:device*/{rail_name_<n>,in_power<n>_input}` in mW, or
in_voltage<n>_input mV x in_current<n>_input mA. JetPack 5 and later (kernel, Documentation/hwmon/
ina3221.rst): `bus/i2c/drivers/ina3221/*/hwmon/hwmon*/{in<n>_label,in<n>_input,curr<n>_input}` for n of
1 to 3, mV x mA; in4 to in7 are voltages of the shunts.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

from joulelab.errors import MeterDenied, MeterUnavailable
from joulelab.meters.rails import counted
from joulelab.records import Sample

DRIVERS = "bus/i2c/drivers"
IIO = "ina3221x/*/iio:device*"
HWMON = "ina3221/*/hwmon/hwmon*"
WATTS_PER_MILLIWATT = 1e-3
WATTS_PER_MILLIVOLT_MILLIAMPERE = 1e-6


class Rail:
    """The product of the numbers in `paths`, times `scale`, in W. `folders` is a pattern of all folders
    like theirs."""

    __slots__ = ("_all", "_descriptors", "_paths", "_scale", "name")

    def __init__(self, name: str, paths: Sequence[Path], scale: float, folders: Path) -> None:
        self.name = name
        self._all = folders
        self._paths = tuple(paths)
        self._scale = scale
        self._descriptors: list[int] = []

    def open(self) -> None:
        """MeterDenied where a right is missing; a file that is away for a while is tried again by
        `read`."""
        try:
            self._open()
        except PermissionError as error:
            raise MeterDenied(
                "this user may not read the rails",
                where=str(error.filename),
                cure=f"`sudo chmod a+r {self._all}/*_input`",
            ) from error
        except OSError:
            pass

    def read(self) -> Sample:
        asked_ns = time.monotonic_ns()
        try:
            if not self._descriptors:
                self._open()
            watts = self._scale
            for descriptor in self._descriptors:
                watts *= int(os.pread(descriptor, 32, 0))
        except (OSError, ValueError):
            self.close()
            return Sample(time.monotonic_ns(), self.name, math.nan)
        return Sample((asked_ns + time.monotonic_ns()) // 2, self.name, watts)

    def close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())

    def _open(self) -> None:
        self.close()
        for path in self._paths:
            self._descriptors.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def discover(root: str | Path) -> list[Rail]:
    """Every rail that feeds something of the module, doubled names once.

    MeterUnavailable where there is none.
    """
    drivers = Path(root) / DRIVERS
    rails: dict[str, Rail] = {}
    for label in sorted(drivers.glob(f"{IIO}/rail_name_*")):
        number = label.name.rpartition("_")[2]
        power = label.with_name(f"in_power{number}_input")
        parts = [label.with_name(f"in_{what}{number}_input") for what in ("voltage", "current")]
        _add(rails, label, [power] if power.exists() else parts, drivers / IIO)
    for label in sorted(drivers.glob(f"{HWMON}/in[1-3]_label")):
        number = label.name[2]
        parts = [label.with_name(f"{what}{number}_input") for what in ("in", "curr")]
        if _text(label.with_name(f"in{number}_enable")) != "0":
            _add(rails, label, parts, drivers / HWMON)
    if not rails:
        raise MeterUnavailable(
            "no INA3221 power monitor",
            where=str(drivers),
            cure="Jetson boards have them; in a container mount the host's /sys",
        )
    return list(rails.values())


def conversion_s(root: str | Path) -> float:
    """How long the slowest monitor measures for one value; 0 where none tells."""
    told = [_text(path) for path in (Path(root) / DRIVERS).glob(f"{HWMON}/update_interval")]
    return max((int(text) for text in told if text.isdecimal()), default=0) / 1000


def _add(rails: dict[str, Rail], label: Path, paths: Sequence[Path], folders: Path) -> None:
    name = _text(label)
    if counted(name) and name not in rails:
        scale = WATTS_PER_MILLIWATT if len(paths) == 1 else WATTS_PER_MILLIVOLT_MILLIAMPERE
        rails[name] = Rail(name, paths, scale, folders)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
