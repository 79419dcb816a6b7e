from __future__ import annotations

from joulelab.errors import HardwareError
from joulelab.hardware.cpufreq import cores, policies, spoken, words
from joulelab.hardware.machine import Machine, SystemKnob, check_writable

PREFERENCE = "energy_performance_preference"


class PolicyChoice(SystemKnob):
    """One word for every policy, out of those that its driver offers."""

    file: str
    offered: str

    def __init__(self, choice: str, machine: Machine) -> None:
        super().__init__(machine)
        self._choice = choice

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        found = policies(machine, where)
        if not words(found[0] / cls.file):
            raise cls.missing(where)
        check_writable(where, [path / cls.file for path in found])
        now = spoken([(" ".join(words(path / cls.file)), cores(path)) for path in found], "core")
        return f"{now}; of {', '.join(words(found[0] / cls.offered)) or 'unknown ones'}"

    @classmethod
    def missing(cls, where: str) -> HardwareError:
        return HardwareError(f"the CPU's driver has no {cls.file}", where=where)

    def turn(self) -> None:
        for policy in policies(self._machine, self.where):
            if not (policy / self.file).exists():
                raise self.missing(self.where)
            known = words(policy / self.offered)
            if known and self._choice not in known:
                raise HardwareError(
                    f"{policy.name} has no {self._choice!r}",
                    where=self.where,
                    cure=f"say one of {', '.join(known)}",
                )
            if self.read(policy / self.file) == self._choice:
                continue
            self.check_right(policy / self.file, self._choice)
            preference = policy / PREFERENCE
            if self.file != PREFERENCE and preference.exists():
                # The driver moves it along with the governor; undone after the governor, which
                # may forbid it.
                self.remember({"write": str(preference), "text": self.read(preference)})
            self.change(policy / self.file, self._choice)

    def verify(self) -> str:
        parts = []
        for policy in policies(self._machine, self.where):
            found = self.read(policy / self.file)
            if found != self._choice:
                raise HardwareError(
                    f"{policy.name} stays with {found!r}, not {self._choice!r}", where=self.where
                )
            parts.append((found, cores(policy)))
        return spoken(parts, "core")


class CpuGovernor(PolicyChoice):
    name = "cpu_governor"
    file = "scaling_governor"
    offered = "scaling_available_governors"


class CpuEnergyPreference(PolicyChoice):
    """What intel_pstate and amd-pstate tell the CPU in their active mode."""

    name = "cpu_energy_preference"
    file = PREFERENCE
    offered = "energy_performance_available_preferences"
