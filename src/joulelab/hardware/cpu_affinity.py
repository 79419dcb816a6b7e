from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from joulelab.errors import HardwareError

WHERE = "hardware.cpu_affinity"


class CpuAffinity:
    """The cores that this process, its threads and what it starts may run on: a list of their
    numbers, or how many of those that are allowed now."""

    name = "cpu_affinity"
    applied: str | None = None

    def __init__(self, cores: int | Sequence[int]) -> None:
        self._asked = cores
        self._found: dict[int, set[int]] = {}

    @staticmethod
    def look() -> str:
        return f"cores {_ranges(os.sched_getaffinity(0))}"

    def apply(self) -> None:
        wanted = self._wanted()
        self._found = _masks()
        for _ in range(2):  # a thread that was born meanwhile may have the old mask
            for thread in _masks():
                _pin(thread, wanted)
        if any(mask != wanted for mask in _masks().values()):
            self.restore()
            raise HardwareError("a thread kept its own cores", where=WHERE)
        self.applied = f"cores {_ranges(wanted)}"

    def restore(self) -> None:
        found, self._found = self._found, {}
        self.applied = None
        if not found:
            return
        own = found[os.getpid()]
        for thread in _masks():
            _pin(thread, found.get(thread, own))

    def _wanted(self) -> set[int]:
        allowed = sorted(os.sched_getaffinity(0))
        wanted = allowed[: self._asked] if isinstance(self._asked, int) else list(self._asked)
        short = isinstance(self._asked, int) and len(wanted) < self._asked
        foreign = sorted(set(wanted) - set(allowed))
        if short or foreign:
            asked = f"core {foreign[0]} is" if foreign else f"{self._asked} cores are"
            raise HardwareError(
                f"{asked} not allowed here",
                where=WHERE,
                cure=f"this process has cores {_ranges(set(allowed))}",
            )
        return set(wanted)


def _masks() -> dict[int, set[int]]:
    """The cores of each thread of this process."""
    found = {}
    for path in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            found[int(path.name)] = os.sched_getaffinity(int(path.name))
    return found


def _pin(thread: int, cores: set[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.sched_setaffinity(thread, cores)


def _ranges(cores: set[int]) -> str:
    """`{0, 1, 2, 5}` is `0-2,5`, as the kernel writes it."""
    parts: list[list[int]] = []
    for core in sorted(cores):
        if parts and core == parts[-1][-1] + 1:
            parts[-1].append(core)
        else:
            parts.append([core])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
