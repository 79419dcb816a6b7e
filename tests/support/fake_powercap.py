"""A powercap tree whose counters really run: known power, wraps, mirrors, unreadable moments.

As a program it only writes: `python fake_powercap.py` reads its work as one JSON line from standard
input and ends with it, so that a benchmark does not count the writer's CPU time.
"""

from __future__ import annotations

import bisect
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RANGE_UJ = 262_143_328_850
WRITE_PERIOD_S = 0.001


@dataclass(frozen=True)
class FakeZone:
    """`watts`: a number, or a function of the seconds since the start. `parent` names the package that
    holds it; `start_uj` is what the counter shows first. `mirrors` names a zone whose counter this
    one shows too; `kind` is the interface below which it appears."""

    name: str
    watts: float | Callable[[float], float]
    range_uj: int = RANGE_UJ
    parent: str | None = None
    start_uj: int = 1_000_000
    power_max_w: float | None = None
    mirrors: str | None = None
    kind: str = "intel-rapl"

    @property
    def key(self) -> str:
        return self.name if self.kind == "intel-rapl" else f"{self.kind}/{self.name}"


def amd(watts: float = 100.0, core_watts: float = 60.0) -> list[FakeZone]:
    """An AMD tree: no dram, no limits."""
    return [FakeZone("package-0", watts), FakeZone("core", core_watts, parent="package-0")]


def epyc(watts: float = 100.0, dies: int = 2) -> list[FakeZone]:
    """Dies of one package that all show the first one's counter."""
    first = FakeZone("package-0-die-0", watts, start_uj=500_000_000)
    return [first] + [
        FakeZone(f"package-0-die-{n}", 0.0, mirrors=first.name) for n in range(1, dies)
    ]


def mmio(of: str = "package-0", power_max_w: float | None = None) -> FakeZone:
    """The same package through its memory-mapped registers."""
    return FakeZone(of, 0.0, mirrors=of, kind="intel-rapl-mmio", power_max_w=power_max_w)


class FakePowercap:
    """The tree below `root`, running from `start` (or `with`) to `stop`.

    `separate` lets another process write. `hidden_s` are the seconds after the start in which every
    counter reads empty, as sysfs does when its driver is busy; from `denied_from_s` on it is empty
    and its mode is 0.
    """

    def __init__(
        self,
        root: Path,
        zones: list[FakeZone],
        hidden_s: tuple[float, float] | None = None,
        separate: bool = False,
        denied_from_s: float | None = None,
    ) -> None:
        self.root = Path(root)
        self.zones = {zone.key: zone for zone in zones}
        self.start_ns = time.monotonic_ns()
        self._hidden_s = hidden_s
        self._denied_from_s = denied_from_s
        self._separate = separate
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._shown: list[tuple[int, list[float]]] = []
        self._paths = self._build(zones)

    def energy_path(self, name: str) -> Path:
        return self._paths[name]

    def energy_j(self, name: str, start_ns: int, stop_ns: int) -> float:
        """What a zone of constant power truly used between two moments of the monotonic clock."""
        watts = self.zones[name].watts
        assert not callable(watts)
        return watts * (stop_ns - start_ns) / 1e9

    def shown_j(self, name: str, start_ns: int, stop_ns: int) -> float:
        """By how much the counter itself went on, wraps undone: what a late writer had not yet written
        is no error of who reads."""
        column = list(self.zones).index(name)
        rows = [
            bisect.bisect(self._shown, at, key=lambda row: row[0]) for at in (start_ns, stop_ns)
        ]
        before, after = (self._shown[row - 1][1][column] if row else 0.0 for row in rows)
        return after - before

    def start(self) -> FakePowercap:
        self.start_ns = time.monotonic_ns()
        work = {
            "start_ns": self.start_ns,
            "hidden_s": self._hidden_s,
            "denied_from_s": self._denied_from_s,
            "zones": [
                [str(self._paths[key]), zone.watts, zone.range_uj, zone.start_uj]
                for key, zone in ((key, self._origin(zone)) for key, zone in self.zones.items())
            ],
        }
        if self._separate:
            program = [sys.executable, __file__]
            self._process = subprocess.Popen(program, stdin=subprocess.PIPE)
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(work).encode() + b"\n")
            self._process.stdin.flush()
        else:
            arguments = (work, self._ended, self._shown)
            self._thread = threading.Thread(target=_write, args=arguments, daemon=True)
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

    def _origin(self, zone: FakeZone) -> FakeZone:
        return zone if zone.mirrors is None else self.zones[zone.mirrors]

    def _build(self, zones: list[FakeZone]) -> dict[str, Path]:
        devices = self.root / "devices"
        folders: dict[str, Path] = {}
        counted: dict[Path, int] = {}
        for kind in dict.fromkeys(["intel-rapl", *(zone.kind for zone in zones)]):
            (devices / kind).mkdir(parents=True)
            # As in sysfs: programs find the class folder through any of its devices.
            (devices / kind / "subsystem").symlink_to(self.root)
            (self.root / kind).symlink_to(devices / kind)
        for zone in zones:
            above = devices / zone.kind if zone.parent is None else folders[zone.parent]
            folder = above / f"{above.name}:{counted.get(above, 0)}"
            counted[above] = counted.get(above, 0) + 1
            folder.mkdir(parents=True)
            folders.setdefault(zone.key, folder)
            (folder / "name").write_text(f"{zone.name}\n")
            (folder / "max_energy_range_uj").write_text(f"{zone.range_uj}\n")
            origin = next((each for each in zones if each.key == zone.mirrors), zone)
            (folder / "energy_uj").write_text(f"{origin.start_uj}\n")
            if zone.power_max_w is not None:
                limit = f"{round(zone.power_max_w * 1e6)}\n"
                (folder / "constraint_0_max_power_uw").write_text(limit)
            (self.root / folder.name).symlink_to(folder)
        return {name: folder / "energy_uj" for name, folder in folders.items()}


def _write(work: dict, ended: threading.Event, shown: list | None = None) -> None:
    zones = [(os.open(path, os.O_WRONLY), *rest) for path, *rest in work["zones"]]
    hidden_from_s, hidden_to_s = work["hidden_s"] or (-1.0, -1.0)
    denied_from_s = work["denied_from_s"]
    before_s, used_j, denied = 0.0, [0.0] * len(zones), False
    while True:
        passed_s = (time.monotonic_ns() - work["start_ns"]) / 1e9
        if not denied and denied_from_s is not None and passed_s >= denied_from_s:
            denied = True
            for path, *_ in work["zones"]:
                Path(path).chmod(0)
        hidden = denied or hidden_from_s <= passed_s < hidden_to_s
        for number, (descriptor, watts, range_uj, start_uj) in enumerate(zones):
            if callable(watts):
                step_s = passed_s - before_s
                used_j[number] += watts(before_s + step_s / 2) * step_s
            else:
                used_j[number] = watts * passed_s
            if hidden:
                os.ftruncate(descriptor, 0)
            else:
                energy_uj = (start_uj + round(used_j[number] * 1e6)) % range_uj
                os.pwrite(descriptor, f"{energy_uj:<19d}\n".encode(), 0)
        before_s = passed_s
        if shown is not None:
            shown.append((time.monotonic_ns(), list(used_j)))
        if ended.wait(WRITE_PERIOD_S):
            break
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
