from __future__ import annotations

import re
from pathlib import Path

from joulelab.errors import HardwareError
from joulelab.hardware.cpufreq import CPU, number
from joulelab.hardware.machine import Machine, SystemKnob, check_writable


class CpuOnline(SystemKnob):
    """The first `count` logical cores of the whole machine are online, the others are not."""

    name = "cpu_online"

    def __init__(self, count: int, machine: Machine) -> None:
        super().__init__(machine)
        self._count = count

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        every = _cores(machine, where)
        switches = [path / "online" for path in every if (path / "online").exists()]
        if not switches:
            raise HardwareError("no core of this machine can be taken offline", where=where)
        check_writable(where, switches)
        return f"{sum(map(_online, every))} of {len(every)} cores online"

    def turn(self) -> None:
        every = _cores(self._machine, self.where)
        if self._count > len(every):
            raise HardwareError(
                f"{self._count} cores are more than the {len(every)} of this machine",
                where=self.where,
                cure=f"say 1 to {len(every)}",
            )
        # On first, off then: there is never a moment with fewer cores than asked for.
        for position, core in enumerate(every):
            self._switch(core, position < self._count)

    def verify(self) -> str:
        every = _cores(self._machine, self.where)
        found = [_online(core) for core in every]
        if sum(found) != self._count or not all(found[: self._count]):
            raise HardwareError(
                f"{sum(found)} cores stay online, not {self._count}", where=self.where
            )
        return f"{self._count} of {len(every)} cores"

    def _switch(self, core: Path, on: bool) -> None:
        path = core / "online"
        if path.exists():
            self.change(path, str(int(on)))
        elif not on:
            raise HardwareError(
                f"{core.name} cannot be taken offline on this machine",
                where=self.where,
                cure="hardware.cpu_affinity keeps this run off it",
            )


def _cores(machine: Machine, where: str) -> list[Path]:
    folder = machine.sysfs / CPU
    found = [path for path in folder.glob("cpu[0-9]*") if re.fullmatch(r"cpu\d+", path.name)]
    if not found:
        raise HardwareError(f"{folder} shows no cores", where=where, cure="check hardware.sysfs")
    return sorted(found, key=lambda path: int(path.name[3:]))


def _online(core: Path) -> bool:
    """The first core often has no switch: it is always on."""
    return number(core / "online") in (1, None)
