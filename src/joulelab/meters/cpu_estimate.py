"""An estimate for any Linux machine: CPU time of a process tree x watts of a busy core."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.processes import ProcessTree
from joulelab.records import Channel, Sample

WATTS_PER_THREAD = 4.0
"""Of a busy hardware thread of an unknown CPU: CodeCarbon's figure."""


class CpuEstimate:
    """Channel `cpu`: estimated joules of this process (or `pid`) and its descendants, or of
    its descendants only.

    `watts_per_core` is of one busy hardware thread; left out, it is the CPU's declared thermal
    power by its number of threads where powercap declares one, else WATTS_PER_THREAD. `idle_w` is
    added all the time. Half of the figure either way is the honest bound (accuracy_relative): a
    busy thread's power depends on instruction mix, frequency and the other threads' load.

    A child is seen at most `search_period_s` after its start; what it did until then is counted in
    the first sample that sees it. Left out, it is 0.5 s, and 0.05 s for descendants only, where
    the shape of the load is that of other programs.

    Auxiliary channels: CPU seconds `user_s` and `system_s`, `resident_bytes`, and the bytes that
    really went from and to a disk, `read_bytes` and `written_bytes`, where they can be read.
    """

    remote = False

    def __init__(
        self,
        watts_per_core: float | None = None,
        idle_w: float = 0.0,
        pid: int | None = None,
        auxiliary: bool = True,
        descendants_only: bool = False,
        search_period_s: float | None = None,
    ) -> None:
        for key, value in (("watts_per_core", watts_per_core), ("idle_w", idle_w)):
            if value is not None and not 0 <= value < math.inf:
                raise ConfigError(f"{value} W is no power", where=f"meter.cpu_estimate.{key}")
        self.watts_per_core = thermal_watts() if watts_per_core is None else watts_per_core
        self.descendants_only = descendants_only
        self._search_period_s = search_period_s
        self._idle_w = idle_w
        self._pid = pid
        self._auxiliary = auxiliary
        self._tree: ProcessTree | None = None
        self._start_ns = 0

    @property
    def channels(self) -> Sequence[Channel]:
        return (_CPU, *self._extras())

    @property
    def note(self) -> str:
        known = self.watts_per_core != WATTS_PER_THREAD
        source = "the CPU's declared power" if known else "CodeCarbon's figure"
        return f"estimate: CPU time x {self.watts_per_core:.3g} W per busy thread ({source})"

    def start(self) -> None:
        self.stop()
        pid = os.getpid() if self._pid is None else self._pid
        if not Path(f"/proc/{pid}/stat").exists():
            raise MeterUnavailable(
                f"no process {pid} in /proc",
                where="meter.cpu_estimate.pid",
                cure="name a running process, on Linux",
            )
        self._tree = ProcessTree(
            pid,
            root=not self.descendants_only,
            disk=self._auxiliary,
            search_period_s=self._period_s(),
        )
        self._start_ns = time.monotonic_ns()

    def read(self) -> Sequence[Sample]:
        if self._tree is None:
            return ()
        usage = self._tree.usage()
        now_ns = time.monotonic_ns()
        busy_j = usage.cpu_s * self.watts_per_core
        idle_j = self._idle_w * (now_ns - self._start_ns) / 1e9
        samples = [Sample(now_ns, "cpu", busy_j + idle_j)]
        samples += [
            Sample(now_ns, channel.name, float(getattr(usage, channel.name)))
            for channel in self._extras()
        ]
        return samples

    def _period_s(self) -> float:
        if self._search_period_s is not None:
            return self._search_period_s
        return 0.05 if self.descendants_only else 0.5

    def stop(self) -> None:
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _extras(self) -> tuple[Channel, ...]:
        if not self._auxiliary:
            return ()
        return _AUXILIARY if self._tree is None or self._tree.disk else _AUXILIARY[:3]


def thermal_watts(powercap: str | Path = "/sys/class/powercap") -> float:
    """Declared thermal power of all packages by number of hardware threads; readable by anybody."""
    total_uw = 0
    for path in Path(powercap).glob("intel-rapl:[0-9]*/constraint_0_max_power_uw"):
        try:
            if (path.parent / "name").read_text().startswith("package"):
                total_uw += int(path.read_text())
        except (OSError, ValueError):
            continue
    return total_uw / 1e6 / (os.cpu_count() or 1) if total_uw > 0 else WATTS_PER_THREAD


_CPU = Channel(
    name="cpu",
    kind="counter",
    unit="J",
    scope="cpu",
    provenance="estimated",
    accuracy_relative=0.5,
)
_AUXILIARY = tuple(
    Channel(name=name, kind="auxiliary", unit=unit, scope="cpu", provenance="measured")
    for name, unit in (
        ("user_s", "s"),
        ("system_s", "s"),
        ("resident_bytes", "B"),
        ("read_bytes", "B"),
        ("written_bytes", "B"),
    )
)
