from __future__ import annotations

import re

from joulelab.errors import HardwareError
from joulelab.hardware.jetson_commands import command, run
from joulelab.hardware.machine import Machine, SystemKnob

PROGRAM = "nvpmodel"
MODE = re.compile(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+?)\s*>")


class JetsonPowerMode(SystemKnob):
    """nvpmodel's mode, by its number or by its name in nvpmodel.conf."""

    name = "jetson_power_mode"

    def __init__(self, mode: int | str, machine: Machine) -> None:
        super().__init__(machine)
        self._mode = mode

    @classmethod
    def look(cls, machine: Machine) -> str:
        where = f"hardware.{cls.name}"
        number, name = _query(where)
        known = ", ".join(f"{key} {value}" for key, value in _modes(machine).items())
        return f"mode {number} {name}" + (f"; of {known}" if known else "")

    def turn(self) -> None:
        wanted, (now, _) = self._number(), _query(self.where)
        if now != wanted:
            self.remember({"run": command(self.where, PROGRAM, "-m", str(now))})
            run(self.where, command(self.where, PROGRAM, "-m", str(wanted)))

    def verify(self) -> str:
        found, name = _query(self.where)
        if found != self._number():
            raise HardwareError(
                f"the board stays in mode {found} {name}",
                where=self.where,
                cure=f"some modes need a restart: sudo nvpmodel -m {self._number()}",
            )
        return f"mode {found} {name}".strip()

    def _number(self) -> int:
        if isinstance(self._mode, int):
            return self._mode
        modes = _modes(self._machine)
        for number, name in modes.items():
            if name.casefold() == self._mode.casefold():
                return number
        raise HardwareError(
            f"there is no mode {self._mode!r} in {self._machine.nvpmodel_conf}",
            where=self.where,
            cure=f"say one of {', '.join(modes.values()) or 'its numbers'}",
        )


def _query(where: str) -> tuple[int, str]:
    text = run(where, command(where, PROGRAM, "-q"))
    number = re.search(r"^\s*(\d+)\s*$", text, re.MULTILINE)
    name = re.search(r"NV Power Mode:\s*(\S+)", text)
    if number is None:
        raise HardwareError(f"nvpmodel -q does not say a mode: {text.strip()!r}", where=where)
    return int(number.group(1)), name.group(1) if name else ""


def _modes(machine: Machine) -> dict[int, str]:
    try:
        text = machine.nvpmodel_conf.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {int(number): name for number, name in MODE.findall(text)}
