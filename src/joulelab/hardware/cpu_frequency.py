from __future__ import annotations

from pathlib import Path

from joulelab.errors import HardwareError
from joulelab.hardware.cpu_boost import boosting
from joulelab.hardware.cpufreq import (
    CPU,
    cores,
    gigahertz,
    number,
    policies,
    required_number,
    spoken,
    words,
)
from joulelab.hardware.machine import Machine, SystemKnob, check_writable

TOLERANCE = 0.01


class CpuFrequency(SystemKnob):
    """The highest frequency that the governor may choose (scaling_max_freq), on every policy.

    Where the driver has a table, its nearest entry. With boost off the highest is the base
    frequency, where the driver tells it.
    """

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._wanted_khz: dict[Path, int] = {}

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        found = policies(machine, where)
        check_writable(where, [path / "scaling_max_freq" for path in found])
        return spoken(
            [
                (f"{_lowest(path, where) / 1e6:.3g} to {gigahertz(_highest(path, where) * 1e3)}", n)
                for path in found
                if (n := cores(path))
            ],
            "core",
        )

    def asked_khz(self, policy: Path, lowest: int, highest: int) -> float:
        raise NotImplementedError

    def turn(self) -> None:
        self._wanted_khz = {}
        boost = boosting(self._machine)
        for policy in policies(self._machine, self.where):
            lowest, highest = _lowest(policy, self.where), _highest(policy, self.where, boost)
            asked = self.asked_khz(policy, lowest, highest)
            wanted = _nearest(policy, asked, lowest, highest)
            self._wanted_khz[policy] = wanted
            floor = policy / "scaling_min_freq"
            # Older kernels refuse a maximum below the minimum.
            if required_number(floor, self.where) > wanted:
                self.change(floor, str(wanted))
            self.change(policy / "scaling_max_freq", str(wanted))

    def verify(self) -> str:
        parts = []
        for policy, wanted in self._wanted_khz.items():
            found = required_number(policy / "scaling_max_freq", self.where)
            if abs(found - wanted) > TOLERANCE * wanted:
                raise HardwareError(
                    f"{policy.name} stays at {gigahertz(found * 1e3)}, not "
                    f"{gigahertz(wanted * 1e3)}: firmware or a thermal limit keeps it",
                    where=self.where,
                )
            most = required_number(policy / "cpuinfo_max_freq", self.where)
            self._check_share(most, wanted)
            parts.append((f"{gigahertz(found * 1e3)} of {gigahertz(most * 1e3)}", cores(policy)))
        return spoken(parts, "core")

    def _check_share(self, most: int, wanted: int) -> None:
        """intel_pstate has a limit of its own, above which scaling_max_freq does nothing."""
        path = self._machine.sysfs / CPU / "intel_pstate/max_perf_pct"
        percent = number(path)
        if percent is not None and most * percent / 100 < wanted * (1 - TOLERANCE):
            raise HardwareError(
                f"intel_pstate keeps every core below {gigahertz(most * percent * 10)}",
                where=self.where,
                cure=f"echo 100 | sudo tee {path}",
            )


class CpuFrequencyPercent(CpuFrequency):
    """Percent of the highest frequency, and never below the lowest."""

    name = "cpu_frequency_percent"

    def __init__(self, percent: float, machine: Machine) -> None:
        super().__init__(machine)
        self._percent = percent

    def asked_khz(self, policy: Path, lowest: int, highest: int) -> float:
        return highest * self._percent / 100


class CpuFrequencyHz(CpuFrequency):
    name = "cpu_frequency_hz"

    def __init__(self, hertz: float, machine: Machine) -> None:
        super().__init__(machine)
        self._hertz = hertz

    def asked_khz(self, policy: Path, lowest: int, highest: int) -> float:
        asked = self._hertz / 1e3
        if not lowest * (1 - TOLERANCE) <= asked <= highest * (1 + TOLERANCE):
            raise HardwareError(
                f"{gigahertz(self._hertz)} is outside what {policy.name} can do",
                where=self.where,
                cure=f"say {lowest * 1e3:.4g} to {highest * 1e3:.4g}",
            )
        return asked


def _lowest(policy: Path, where: str) -> int:
    return required_number(policy / "cpuinfo_min_freq", where)


def _highest(policy: Path, where: str, boost: bool | None = None) -> int:
    most = required_number(policy / "cpuinfo_max_freq", where)
    base = number(policy / "base_frequency") if boost is False else None
    return most if base is None else min(most, base)


def _nearest(policy: Path, asked: float, lowest: int, highest: int) -> int:
    table = [int(word) for word in words(policy / "scaling_available_frequencies")]
    if not table:
        return round(min(max(asked, lowest), highest))
    within = {each for each in table if lowest <= each <= highest} | {lowest, highest}
    return min(within, key=lambda each: abs(each - asked))
