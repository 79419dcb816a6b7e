from __future__ import annotations

import tempfile
from pathlib import Path

from joulelab.errors import HardwareError
from joulelab.hardware.cpufreq import gigahertz, policies, required_number
from joulelab.hardware.jetson_commands import command, run
from joulelab.hardware.jetson_gpu import gpus
from joulelab.hardware.machine import Machine, SystemKnob

PROGRAM = "jetson_clocks"


class JetsonClocks(SystemKnob):
    """Every clock fixed at the highest that the power mode allows."""

    name = "jetson_clocks"

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        run(where, command(where, PROGRAM, "--show"))
        return "highest clocks"

    def turn(self) -> None:
        # A new folder: the program asks before it writes over a file, and nobody would answer.
        folder = Path(tempfile.mkdtemp(prefix="joulelab-clocks-"))
        self.remember({"run": ["rm", "-rf", str(folder)]})
        stored = str(folder / "stored")
        run(self.where, command(self.where, PROGRAM, "--store", stored))
        self.remember({"run": command(self.where, PROGRAM, "--restore", stored)})
        run(self.where, command(self.where, PROGRAM))

    def verify(self) -> str:
        limits = [
            (path, "scaling_min_freq", "scaling_max_freq", 1000)
            for path in policies(self._machine, self.where)
        ]
        limits += [(path, "min_freq", "max_freq", 1) for path in gpus(self._machine, self.where)]
        texts = []
        for folder, least, most, unit in limits:
            low, high = (required_number(folder / name, self.where) for name in (least, most))
            if low != high:
                raise HardwareError(
                    f"{folder.name} still moves between {gigahertz(low * unit)} and "
                    f"{gigahertz(high * unit)}",
                    where=self.where,
                )
            texts.append(f"{folder.name} {gigahertz(high * unit)}")
        return ", ".join(texts)
