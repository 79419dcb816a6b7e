"""A /sys whose knobs answer: CPU policies, hotplug, boost, and a Jetson's GPU, clamped as the kernel
clamps."""

from __future__ import annotations

import os
import threading
from pathlib import Path

NANO_CPU_KHZ = (
    *(102000, 204000, 307200, 403200, 518400, 614400, 710400, 825600, 921600),
    *(1036800, 1132800, 1224000, 1326000, 1428000, 1479000),
)
NANO_GPU_HZ = (
    *(76800000, 153600000, 230400000, 307200000, 384000000, 460800000),
    *(537600000, 614400000, 691200000, 768000000, 844800000, 921600000),
)


class FakeSysfs:
    """`cores` of one policy each, from `khz[0]` to `khz[1]`; `table_khz` is the driver's list, if it
    has one. `boost` is the switch: "no_turbo", "boost" or None. `jetson` adds its GPU.
    With `kernel()` running, a maximum above `limit_khz` is clamped to it, as a hot CPU's is."""

    def __init__(
        self,
        root: Path,
        cores: int = 4,
        khz: tuple[int, int] = (800_000, 4_000_000),
        table_khz: tuple[int, ...] = (),
        base_khz: int | None = 2_400_000,
        boost: str | None = "no_turbo",
        jetson: bool = False,
    ) -> None:
        self.root = Path(root)
        self.cpu = self.root / "devices/system/cpu"
        self.limit_khz = khz[1]
        for core in range(cores):
            folder = self.cpu / f"cpu{core}"
            folder.mkdir(parents=True)
            if core > 0:
                _put(folder / "online", 1)
            self._policy(core, khz, table_khz, base_khz)
        _put(self.cpu / "online", f"0-{cores - 1}")
        if boost == "no_turbo":
            _put(self.cpu / "intel_pstate/no_turbo", 0)
            _put(self.cpu / "intel_pstate/max_perf_pct", 100)
        elif boost == "boost":
            _put(self.cpu / "cpufreq/boost", 1)
        if jetson:
            self._gpu()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def nano(cls, root: Path) -> FakeSysfs:
        """A Jetson Nano's."""
        ends = (NANO_CPU_KHZ[0], NANO_CPU_KHZ[-1])
        return cls(root, 4, ends, NANO_CPU_KHZ, None, None, jetson=True)

    @property
    def gpu(self) -> Path:
        return self.root / "class/devfreq/57000000.gpu"

    def policy(self, core: int = 0) -> Path:
        return self.cpu / f"cpufreq/policy{core}"

    def snapshot(self) -> dict[str, str]:
        """Every file's text."""
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.root)): path.read_text().strip() for path in files}

    def __enter__(self) -> FakeSysfs:
        self._thread = threading.Thread(target=self._kernel, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join()

    def _kernel(self) -> None:
        while not self._ended.wait(0.001):
            for file in self.cpu.glob("cpufreq/policy*/scaling_max_freq"):
                text = file.read_text().strip()
                if text and int(text) > self.limit_khz:
                    _put(file, self.limit_khz)

    def _policy(
        self, core: int, khz: tuple[int, int], table: tuple[int, ...], base: int | None
    ) -> None:
        policy = self.policy(core)
        for name, value in {
            "affected_cpus": core,
            "cpuinfo_min_freq": khz[0],
            "cpuinfo_max_freq": khz[1],
            "scaling_min_freq": khz[0],
            "scaling_max_freq": khz[1],
            "scaling_governor": "schedutil",
            "scaling_available_governors": "performance powersave schedutil",
            "energy_performance_preference": "balance_performance",
            "energy_performance_available_preferences": "performance balance_performance power",
        }.items():
            _put(policy / name, value)
        if table:
            _put(policy / "scaling_available_frequencies", " ".join(map(str, table)))
        if base is not None:
            _put(policy / "base_frequency", base)

    def _gpu(self) -> None:
        _put(self.gpu / "available_frequencies", " ".join(map(str, NANO_GPU_HZ)))
        _put(self.gpu / "min_freq", NANO_GPU_HZ[0])
        _put(self.gpu / "max_freq", NANO_GPU_HZ[-1])


def _put(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{value}\n")


NVPMODEL = """#!/bin/sh
# nvpmodel -q | nvpmodel -m <id>; the mode lies in {state}.
case "$1" in
-q) echo "NVPM WARN: fan mode is not set!"
    line=$(( $(cat {state}) + 1 ))
    echo "NV Power Mode: $(sed -n "${{line}}p" {names})"
    cat {state} ;;
-m) [ "$2" -le 1 ] || {{ echo "NVPM ERROR: invalid mode $2" >&2; exit 1; }}
    [ -e {state}.stuck ] || echo "$2" > {state} ;;
esac
"""
CLOCKS = """#!/bin/sh
# jetson_clocks [--show | --store file | --restore file] on the tree below {root}.
files="{root}/devices/system/cpu/cpufreq/policy*/scaling_min_freq {gpu}/min_freq"
case "$1" in
--show) echo "Online CPUs: 0-3" ;;
--store) [ -e "$2" ] && exit 1; for f in $files; do echo "$f:$(cat $f)" >> "$2"; done ;;
--restore) while IFS=: read -r f v; do echo "$v" > "$f"; done < "$2" ;;
*) for f in $files; do cat "$(dirname $f)/$(basename $f | sed s/min/max/)" > "$f"; done ;;
esac
"""


class FakeJetson:
    """nvpmodel and jetson_clocks in `bin`, for PATH, on a Nano's tree in `sysfs`."""

    def __init__(self, folder: Path) -> None:
        self.sysfs = FakeSysfs.nano(folder / "sys")
        self.bin = folder / "bin"
        self.mode = folder / "mode"
        self.conf = folder / "nvpmodel.conf"
        names = folder / "names"
        self.bin.mkdir()
        _put(self.mode, 0)
        names.write_text("MAXN\n5W\n")
        self.conf.write_text("< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=1 NAME=5W >\n")
        self._program("nvpmodel", NVPMODEL.format(state=self.mode, names=names))
        self._program("jetson_clocks", CLOCKS.format(root=self.sysfs.root, gpu=self.sysfs.gpu))

    def _program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    @property
    def path(self) -> str:
        return os.pathsep.join([str(self.bin), os.environ["PATH"]])
