"""What other libraries make of the fake powercap tree: package and memory joules, and how they end.

Each lives in a virtual environment of its own. Their folder is fixed: they run in a mount namespace
(`unshare -m`, needs root) in which the fake tree lies over /sys/class/powercap.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.fake_powercap import RANGE_UJ, FakePowercap, FakeZone
from support.worlds.base import energy_j, power_w

FAULTS = ("plain", "wrap", "unreadable", "permission lost")
DRAM_W = 35.0
START_S = 30.0
"""How long a library may take to start, beside the seconds it measures."""

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

_COMMON = """
import json, os, sys, time
seconds, folder = float(sys.argv[1]), sys.argv[2]
os.chdir(folder)
def ready():
    open("ready", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.005)
def told(start_ns, stop_ns, **joules):
    with open("told.json", "w") as file:
        json.dump([start_ns, stop_ns, joules], file)
def work():
    start_ns = time.monotonic_ns()
    time.sleep(seconds)
    return start_ns, time.monotonic_ns()
"""

_CODECARBON = """
from codecarbon import OfflineEmissionsTracker
def measure():
    tracker = OfflineEmissionsTracker(country_iso_code="FRA", measure_power_secs=1, output_methods=[],
        allow_multiple_runs=True, log_level="critical", tracking_mode="machine")
    ready()
    tracker.start()
    window = work()
    tracker.stop()
    told(*window, package=tracker._total_cpu_energy.kWh * 3.6e6)
"""
_ZEUS = """
from zeus.monitor import ZeusMonitor
def measure():
    monitor = ZeusMonitor(gpu_indices=[], cpu_indices=[0])
    # Its wrap watchers are processes that the first reading starts.
    monitor.begin_window("first")
    time.sleep(5)
    monitor.end_window("first")
    ready()
    monitor.begin_window("w")
    window = work()
    energy = monitor.end_window("w")
    told(*window, package=energy.cpu_energy[0], memory=energy.dram_energy[0])
"""
_CARBONTRACKER = """
from carbontracker.tracker import CarbonTracker
from carbontracker import constants
def measure():
    tracker = CarbonTracker(epochs=1, components="cpu", update_interval=1, verbose=0, monitor_epochs=1,
        ignore_errors=False)
    ready()
    tracker.epoch_start()
    window = work()
    tracker.tracker.epoch_end()
    time.sleep(0.1)
    # It multiplies by a data centre's overhead: taken out again.
    joules = float(tracker.tracker.total_energy_per_epoch().sum()) * 3.6e6 / constants.PUE_2023
    told(*window, sum=joules)
    os._exit(0)
"""
_PYJOULES = """
from pyJoules.device.device_factory import DeviceFactory
from pyJoules.device.rapl_device import RaplDramDomain, RaplPackageDomain
from pyJoules.energy_meter import EnergyMeter
def measure():
    meter = EnergyMeter(DeviceFactory.create_devices([RaplPackageDomain(0), RaplDramDomain(0)]))
    ready()
    meter.start()
    window = work()
    meter.stop()
    energy = list(meter.get_trace())[0].energy
    told(*window, package=energy["package_0"] / 1e6, memory=energy["dram_0"] / 1e6)
"""
_PERUN = """
from perun import perun, register_callback
from perun.configuration import config
from perun.core import Perun
from perun.data_model.data import MetricType
window = []
@perun(data_out=folder + "/perun", format="json")
def function():
    window.extend(work())
def keep(node):
    found = {kind.name: metric.value for kind, metric in node.metrics.items()}
    told(*window, package=float(found["CPU_ENERGY"]), memory=float(found["DRAM_ENERGY"]))
def measure():
    Perun(config)
    register_callback(keep)
    ready()
    function()
"""
_END = """
if __name__ == "__main__":
    measure()
"""


@dataclass(frozen=True)
class Peer:
    name: str
    requirement: str
    program: str


PEERS = (
    Peer("CodeCarbon", "codecarbon>=3.3,<4", _CODECARBON),
    Peer("zeus", "zeus==0.16.*", _ZEUS),
    Peer("carbontracker", "carbontracker>=2.4,<3", _CARBONTRACKER),
    Peer("pyJoules", "pyJoules>=0.5,<1", _PYJOULES),
    Peer("perun", "perun>=1,<2", _PERUN),
)


@dataclass(frozen=True)
class PeerRow:
    """`errors`: relative, by what the library calls its figure: package, memory, or their sum."""

    peer: str
    fault: str
    errors: dict[str, float]
    message: str


def namespace_allowed() -> bool:
    if shutil.which("unshare") is None:
        return False
    return not subprocess.run(["unshare", "-m", "true"], check=False).returncode


def install(peer: Peer, folder: Path) -> str:
    """The version installed into `folder`; empty where it does not install."""
    python = str(folder / "bin/python")
    if not (folder / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", python]
    done = subprocess.run(
        [*pip, "install", "-q", peer.requirement], check=False, capture_output=True
    )
    if done.returncode:
        return ""
    name = peer.requirement.partition(">")[0].partition("=")[0]
    ask = f"import importlib.metadata as m; print(m.version({name!r}))"
    return subprocess.run(
        [python, "-c", ask], check=True, capture_output=True, text=True
    ).stdout.strip()


def measure(peer: Peer, fault: str, python: Path, seconds: float, folder: Path) -> PeerRow:
    """One library over one tree. `wrap` is 0.4 of the way, the hole 0.4 to 0.6."""
    folder.mkdir(parents=True)
    (folder / "program.py").write_text(_COMMON + peer.program + _END)
    wrap = fault == "wrap"

    def start_uj(joules: float) -> int:
        return RANGE_UJ - round(joules * 1e6) if wrap else 1_000_000

    tree = FakePowercap(
        folder / "powercap",
        [
            FakeZone("package-0", power_w, start_uj=start_uj(energy_j(0.0, 0.4 * seconds))),
            FakeZone("dram", DRAM_W, parent="package-0", start_uj=start_uj(DRAM_W * seconds / 2)),
        ],
        hidden_s=(0.4 * seconds, 0.6 * seconds) if fault == "unreadable" else None,
        denied_from_s=0.4 * seconds if fault == "permission lost" else None,
    )
    command = (
        "mount -t tmpfs none /sys/class && mkdir /sys/class/powercap && "
        'mount --bind "$0" /sys/class/powercap && exec "$@"'
    )
    program = [str(python), str(folder / "program.py"), str(seconds), str(folder)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", command, str(tree.root), *program],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            _await(process, folder / "ready")
            with tree:
                (folder / "go").touch()
                process.wait(seconds + START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return _row(peer, fault, folder, tree, process.returncode)


def _await(process: subprocess.Popen[bytes], path: Path) -> None:
    for _ in range(round(START_S / 0.05)):
        if path.exists():
            return
        try:
            process.wait(0.05)
            return
        except subprocess.TimeoutExpired:
            continue


def _row(peer: Peer, fault: str, folder: Path, tree: FakePowercap, code: int) -> PeerRow:
    lines = (folder / "said").read_text(errors="replace").strip().splitlines()
    last = _ESCAPES.sub("", lines[-1]).strip()[:140] if code and lines else ""
    path = folder / "told.json"
    if not path.exists():
        return PeerRow(peer.name, fault, {}, f"no figure, exit code {code}: {last}")
    start_ns, stop_ns, joules = json.loads(path.read_text())
    true_j = {
        name: tree.shown_j(zone, start_ns, stop_ns)
        for name, zone in (("package", "package-0"), ("memory", "dram"))
    }
    true_j["sum"] = true_j["package"] + true_j["memory"]
    errors = {name: found / true_j[name] - 1 for name, found in joules.items()}
    return PeerRow(peer.name, fault, errors, f"exit code {code}: {last}" if code else "")
