"""A powercap tree whose counters really run: known power, wraps, and unreadable moments.

As a program it only writes: `python fake_powercap.py` reads its work as one JSON line from standard
input and ends with it, so that a benchmark does not count the writer's CPU time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

RANGE_UJ = 262_143_328_850
WRITE_PERIOD_S = 0.001


@dataclass(frozen=True)
class FakeZone:
    """`parent` names the package that holds it; `start_uj` is what the counter shows first."""

    name: str
    watts: float
    range_uj: int = RANGE_UJ
    parent: str | None = None
    start_uj: int = 1_000_000
    power_max_w: float | None = None


class FakePowercap:
    """The tree below `root`, running from `start` (or `with`) to `stop`.

    `separate` lets another process write. `hidden_s` are the seconds after the start in which every
    counter reads empty, as sysfs does when its driver is busy.
    """

    def __init__(
        self,
        root: Path,
        zones: list[FakeZone],
        hidden_s: tuple[float, float] | None = None,
        separate: bool = False,
    ) -> None:
        self.root = Path(root)
        self.zones = {zone.name: zone for zone in zones}
        self.start_ns = time.monotonic_ns()
        self._hidden_s = hidden_s
        self._separate = separate
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._paths = self._build(zones)

    def energy_path(self, name: str) -> Path:
        return self._paths[name]

    def energy_j(self, name: str, start_ns: int, stop_ns: int) -> float:
        """What the zone truly used between two moments of the monotonic clock."""
        return self.zones[name].watts * (stop_ns - start_ns) / 1e9

    def start(self) -> FakePowercap:
        self.start_ns = time.monotonic_ns()
        work = {
            "start_ns": self.start_ns,
            "hidden_s": self._hidden_s,
            "zones": [
                [str(self._paths[zone.name]), zone.watts, zone.range_uj, zone.start_uj]
                for zone in self.zones.values()
            ],
        }
        if self._separate:
            program = [sys.executable, __file__]
            self._process = subprocess.Popen(program, stdin=subprocess.PIPE)
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(work).encode() + b"\n")
            self._process.stdin.flush()
        else:
            self._thread = threading.Thread(target=_write, args=(work, self._ended), daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()

    def __enter__(self) -> FakePowercap:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _build(self, zones: list[FakeZone]) -> dict[str, Path]:
        devices = self.root / "devices"
        (self.root / "intel-rapl").mkdir(parents=True)
        folders: dict[str, Path] = {}
        counted: dict[Path, int] = {}
        for zone in zones:
            above = devices if zone.parent is None else folders[zone.parent]
            stem = "intel-rapl" if zone.parent is None else above.name
            folder = above / f"{stem}:{counted.get(above, 0)}"
            counted[above] = counted.get(above, 0) + 1
            folder.mkdir(parents=True)
            folders.setdefault(zone.name, folder)
            (folder / "name").write_text(f"{zone.name}\n")
            (folder / "max_energy_range_uj").write_text(f"{zone.range_uj}\n")
            (folder / "energy_uj").write_text(f"{zone.start_uj}\n")
            if zone.power_max_w is not None:
                limit = f"{round(zone.power_max_w * 1e6)}\n"
                (folder / "constraint_0_max_power_uw").write_text(limit)
            (self.root / folder.name).symlink_to(folder)
        return {name: folder / "energy_uj" for name, folder in folders.items()}


def _write(work: dict, ended: threading.Event) -> None:
    zones = [(os.open(path, os.O_WRONLY), *rest) for path, *rest in work["zones"]]
    hidden_from_s, hidden_to_s = work["hidden_s"] or (-1.0, -1.0)
    while not ended.wait(WRITE_PERIOD_S):
        passed_ns = time.monotonic_ns() - work["start_ns"]
        hidden = hidden_from_s <= passed_ns / 1e9 < hidden_to_s
        for descriptor, watts, range_uj, start_uj in zones:
            if hidden:
                os.ftruncate(descriptor, 0)
            else:
                energy_uj = (start_uj + round(watts * passed_ns / 1e3)) % range_uj
                os.pwrite(descriptor, f"{energy_uj:<19d}\n".encode(), 0)
    for descriptor, *_ in zones:
        os.close(descriptor)


def _main() -> None:
    work = json.loads(sys.stdin.readline())
    ended = threading.Event()
    threading.Thread(target=_write, args=(work, ended), daemon=True).start()
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    _main()
