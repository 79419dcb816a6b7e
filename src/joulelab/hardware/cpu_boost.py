from __future__ import annotations

from pathlib import Path

from joulelab.errors import HardwareError
from joulelab.hardware.cpufreq import CPU, number
from joulelab.hardware.machine import Machine, SystemKnob, check_writable

INVERTED = "no_turbo"


class CpuBoost(SystemKnob):
    """Frequencies above the base: Turbo Boost, Core Performance Boost."""

    name = "cpu_boost"

    def __init__(self, on: bool, machine: Machine) -> None:
        super().__init__(machine)
        self._on = on

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        check_writable(where, _required(machine, where))
        return "on" if boosting(machine) else "off"

    def turn(self) -> None:
        for path in _required(self._machine, self.where):
            self.change(path, str(int(self._on != (path.name == INVERTED))))

    def verify(self) -> str:
        if boosting(self._machine) is not self._on:
            raise HardwareError(
                f"the CPU's boost cannot be turned {'on' if self._on else 'off'}",
                where=self.where,
                cure="look for Turbo or Core Performance Boost in the firmware (BIOS)",
            )
        return "on" if self._on else "off"


def boosting(machine: Machine) -> bool | None:
    """None where the machine has no such switch."""
    for path in _switches(machine):
        value = number(path)
        if value is not None:
            return (value == 1) != (path.name == INVERTED)
    return None


def _required(machine: Machine, where: str) -> list[Path]:
    found = _switches(machine)
    if not found:
        raise HardwareError(
            "this machine has no switch for the boost of its CPU",
            where=where,
            cure=f"say {where}=null or hardware.strict=false",
        )
    return found


def _switches(machine: Machine) -> list[Path]:
    """One for all cores, else one a policy (amd-pstate)."""
    folder = machine.sysfs / CPU
    for path in (folder / "intel_pstate" / INVERTED, folder / "cpufreq/boost"):
        if path.exists():
            return [path]
    return sorted(folder.glob("cpufreq/policy*/boost"))
