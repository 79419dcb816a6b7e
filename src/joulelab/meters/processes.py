"""CPU time, memory and disk bytes of a process tree, from `/proc`.

A process's own CPU time comes from its POSIX clock (ns, all threads, ended ones too). What its
reaped children used is in its `/proc/<pid>/stat` (10 ms ticks), and their disk bytes are in its
`/proc/<pid>/io`: so a tree's totals stay whole while children come and go.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_ROUNDING = (_TICK_S, _TICK_S, _TICK_S, 0.0, 0.0)
_COUNTERS = len(_ROUNDING)  # cpu_s, user_s, system_s, read_bytes, written_bytes


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """Since the tree was first seen, but for `resident_bytes`, which is of now."""

    cpu_s: float
    user_s: float
    system_s: float
    read_bytes: float
    written_bytes: float
    resident_bytes: int


class ProcessTree:
    """A process and its descendants; a descendant whose parent ended still belongs to it.

    Children are looked for at most every `search_period_s`: one that lives shorter is counted when
    its parent has waited for it. `disk` tells whether disk bytes are and can be read.
    Without `root`, the CPU time and memory of the first process itself are left out.
    """

    def __init__(
        self, pid: int, root: bool = True, disk: bool = True, search_period_s: float = 0.5
    ) -> None:
        self._search_ns = int(search_period_s * 1e9)
        self._searched_ns = 0
        first = Process(pid, disk, own=root)
        self.disk = first.disk
        self._processes = {pid: first}
        self._unclaimed = [0.0] * _COUNTERS
        self._highest = [0.0] * _COUNTERS
        self._search()
        self._base = self._totals()[0]

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(self._processes)

    def usage(self) -> TreeUsage:
        now_ns = time.monotonic_ns()
        if now_ns - self._searched_ns >= self._search_ns:
            self._searched_ns = now_ns
            self._search()
        totals, resident_bytes, ended = self._totals()
        highest, unclaimed = self._highest, self._unclaimed
        for i in range(_COUNTERS):
            grown = totals[i] + unclaimed[i] - self._base[i]
            missing = highest[i] - grown
            # Ticks round down, so a parent may take over a little less than its child's own clock
            # showed. More than that is a process that nobody of the tree waited for.
            if ended and missing > _ROUNDING[i] * (1 + ended):
                unclaimed[i] += missing
                grown = highest[i]
            highest[i] = max(highest[i], grown)
        cpu_s, user_s, system_s, read_bytes, written_bytes = highest
        return TreeUsage(cpu_s, user_s, system_s, read_bytes, written_bytes, resident_bytes)

    def close(self) -> None:
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    def _totals(self) -> tuple[list[float], int, int]:
        """Sums over the living, their resident bytes, and how many were found to have ended.

        Parents are asked before their children: then nothing is counted twice, and a child reaped
        in between shows itself by being gone; the sums are then taken again.
        """
        ended = 0
        while True:
            totals, resident_bytes, gone = [0.0] * _COUNTERS, 0, []
            for pid, process in self._processes.items():
                counters = process.read()
                if counters is None:
                    gone.append(pid)
                    continue
                resident_bytes += process.resident_bytes
                for i, value in enumerate(counters):
                    totals[i] += value
            if not gone:
                return totals, resident_bytes, ended
            ended += len(gone)
            for pid in gone:
                self._processes.pop(pid).close()

    def _search(self) -> None:
        pending = list(self._processes)
        while pending:
            for child in _children(pending.pop()):
                if child not in self._processes:
                    self._processes[child] = Process(child, self.disk)
                    pending.append(child)


class Process:
    """One process's counters, its reaped children's included; None from `read` when it is gone."""

    __slots__ = ("_clock", "_disk_bytes", "_io_fd", "_own", "_stat_fd", "resident_bytes")

    def __init__(self, pid: int, disk: bool, own: bool = True) -> None:
        # The encoding of clock_getcpuclockid(3): the bits of ~pid, then CPUCLOCK_SCHED.
        self._clock = (~pid) << 3 | 2
        self._own = own
        self._stat_fd = _opened(f"/proc/{pid}/stat")
        self._io_fd = _opened(f"/proc/{pid}/io") if disk else None
        self._disk_bytes = (0.0, 0.0)
        self.resident_bytes = 0

    @property
    def disk(self) -> bool:
        return self._io_fd is not None

    def read(self) -> tuple[float, ...] | None:
        if self._stat_fd is None:
            return None
        try:
            own_s = time.clock_gettime_ns(self._clock) / 1e9
            stat = os.pread(self._stat_fd, 1024, 0)
        except OSError:
            return None
        # The name in field 2 may hold spaces and brackets: split after the last one.
        fields = stat.rpartition(b")")[2].split()
        user, system, children_user, children_system = map(int, fields[11:15])
        if self._own:
            self.resident_bytes = int(fields[21]) * _PAGE_BYTES
        else:
            own_s, user, system = 0.0, 0, 0
        return (
            own_s + (children_user + children_system) * _TICK_S,
            (user + children_user) * _TICK_S,
            (system + children_system) * _TICK_S,
            *self._disk_read(),
        )

    def close(self) -> None:
        for fd in (self._stat_fd, self._io_fd):
            if fd is not None:
                os.close(fd)
        self._stat_fd = self._io_fd = None

    def _disk_read(self) -> tuple[float, float]:
        """The last known figures where a dying process no longer tells them."""
        if self._io_fd is not None:
            try:
                lines = os.pread(self._io_fd, 512, 0).split()
                self._disk_bytes = (float(lines[9]), float(lines[11]))
            except (OSError, IndexError):
                pass
        return self._disk_bytes


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 half the cost of pathlib's
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_bytes().split())
    except OSError:
        pass
    return found
