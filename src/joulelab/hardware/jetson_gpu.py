from __future__ import annotations

import re
from pathlib import Path

from joulelab.errors import HardwareError
from joulelab.hardware.cpufreq import gigahertz, required_number, words
from joulelab.hardware.machine import Machine, SystemKnob, check_writable

GPU = re.compile(r"(^|\.)(gpu|gm20b|gp10b|gv11b|ga10b|gb10b)$|^gpu-gpc-\d+$")
"""Names of a Jetson's GPU below /sys/class/devfreq: 57000000.gpu (Nano), 17000000.gv11b (Xavier),
17000000.ga10b or .gpu (Orin), gpu-gpc-0 (Thor)."""


class JetsonGpuFrequency(SystemKnob):
    """The highest frequency of a Jetson's GPU: percent of the highest that it has, the nearest of its
    table, and never below the lowest."""

    name = "gpu_frequency_percent"

    def __init__(self, percent: float, machine: Machine) -> None:
        super().__init__(machine)
        self._percent = percent
        self._wanted: dict[Path, int] = {}

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        found = gpus(machine, where)
        check_writable(where, [gpu / "max_freq" for gpu in found])
        table = _table(found[0], where)
        return f"{table[0] / 1e9:.4g} to {gigahertz(table[-1])}"

    def turn(self) -> None:
        self._wanted = {}
        for gpu in gpus(self._machine, self.where):
            table = _table(gpu, self.where)
            # Of the table's highest, not of the limit in force: applying it twice is applying it once.
            wanted = min(table, key=lambda each: abs(each - table[-1] * self._percent / 100))
            self._wanted[gpu] = wanted
            if required_number(gpu / "min_freq", self.where) > wanted:
                self.change(gpu / "min_freq", str(wanted))
            self.change(gpu / "max_freq", str(wanted))

    def verify(self) -> str:
        texts = []
        for gpu, wanted in self._wanted.items():
            found = required_number(gpu / "max_freq", self.where)
            if found != wanted:
                raise HardwareError(
                    f"{gpu.name} stays at {gigahertz(found)}, not {gigahertz(wanted)}",
                    where=self.where,
                    cure="the power mode may forbid it: look at hardware.jetson_power_mode",
                )
            texts.append(f"{gigahertz(found)} of {gigahertz(_table(gpu, self.where)[-1])}")
        return ", ".join(texts)


def gpus(machine: Machine, where: str) -> list[Path]:
    folder = machine.sysfs / "class/devfreq"
    found = [path for path in folder.glob("*") if GPU.search(path.name) or _node(path) == "gpu"]
    if not found:
        raise HardwareError(
            f"no GPU of a Jetson below {folder}",
            where=where,
            cure="for a discrete GPU say hardware.gpu_clock_percent",
        )
    return sorted(found)


def _node(device: Path) -> str:
    """Its name in the device tree."""
    return "".join(words(device / "device/of_node/name")).rstrip("\0")


def _table(gpu: Path, where: str) -> list[int]:
    """Ascending (Hz)."""
    table = sorted(int(word) for word in words(gpu / "available_frequencies"))
    if not table:
        raise HardwareError(f"{gpu} lists no frequencies", where=where)
    return table
