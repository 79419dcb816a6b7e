"""The RAPL PMU of perf: its folder in sysfs, and counts that lie in files of 8 bytes."""

from __future__ import annotations

import os
import struct
from pathlib import Path

SCALE_J = 2.0**-32
CODES = {"energy-cores": 1, "energy-pkg": 2, "energy-ram": 3, "energy-gpu": 4, "energy-psys": 5}


class FakePmu:
    """`events` of the CPUs in `packages` (CPU -> its package). `set_j` is what an event has counted;
    `refusal` is the error number with which the kernel refuses an opening, or a reading where
    `refuses_reading`."""

    def __init__(
        self,
        folder: Path,
        events: tuple[str, ...] = ("energy-pkg", "energy-ram"),
        packages: dict[int, int] | None = None,
    ) -> None:
        packages = packages or {0: 0}
        self.pmu, self.cpus = folder / "power", folder / "cpu"
        self.refusal = 0
        self.refuses_reading = False
        self._counts = folder / "counts"
        for path in (self.pmu / "events", self.cpus, self._counts):
            path.mkdir(parents=True)
        (self.pmu / "type").write_text("23\n")
        (self.pmu / "cpumask").write_text(",".join(map(str, packages)) + "\n")
        for name in events:
            (self.pmu / "events" / name).write_text(f"event=0x{CODES[name]:02x}\n")
            (self.pmu / "events" / f"{name}.scale").write_text(f"{SCALE_J!r}\n")
            (self.pmu / "events" / f"{name}.unit").write_text("Joules\n")
            for cpu in packages:
                self.set_j(name, cpu, 0.0)
        for cpu, package in packages.items():
            topology = self.cpus / f"cpu{cpu}" / "topology"
            topology.mkdir(parents=True)
            (topology / "physical_package_id").write_text(f"{package}\n")

    def set_j(self, name: str, cpu: int, joules: float) -> None:
        content = struct.pack("<Q", round(joules / SCALE_J))
        (self._counts / f"{CODES[name]}-{cpu}").write_bytes(content)

    def open_count(self, pmu_type: int, event: int, cpu: int) -> FileCount:
        assert pmu_type == 23
        if self.refusal and not self.refuses_reading:
            raise OSError(self.refusal, os.strerror(self.refusal))
        return FileCount(self._counts / f"{event}-{cpu}", self)


class FileCount:
    def __init__(self, path: Path, pmu: FakePmu) -> None:
        self._fd = os.open(path, os.O_RDONLY)
        self._pmu = pmu

    def read(self) -> int:
        if self._pmu.refuses_reading:
            raise OSError(self._pmu.refusal, os.strerror(self._pmu.refusal))
        return int.from_bytes(os.pread(self._fd, 8, 0), "little")

    def close(self) -> None:
        os.close(self._fd)
