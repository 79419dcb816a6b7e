"""Is RAPL energy right when counters wrap and zones cannot be read? On a live powercap tree.

180 W package and 35 W dram, written each millisecond by another process; 12 s recorded at 10 Hz,
the energy of the phase `fit` by our own integration against watts x seconds.

    python benchmarks/rapl_conformance.py [--seconds 12]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.fake_powercap import RANGE_UJ, FakePowercap, FakeZone

from joulelab.meters import trace
from joulelab.meters.integration import channel_energy
from joulelab.meters.rapl import Rapl
from joulelab.meters.recorder import Recorder

WATTS = {"package-0": 180.0, "dram": 35.0}
HIDDEN_S = 2.0
TARGET = 0.001


def zones(wrap: bool, seconds: float) -> list[FakeZone]:
    def start_uj(watts: float) -> int:
        return RANGE_UJ - round(watts * seconds / 2 * 1e6) if wrap else 1_000_000

    return [
        FakeZone("package-0", WATTS["package-0"], start_uj=start_uj(WATTS["package-0"])),
        FakeZone("dram", WATTS["dram"], parent="package-0", start_uj=start_uj(WATTS["dram"])),
    ]


def run(case: str, seconds: float) -> bool:
    hidden_s = (seconds / 2, seconds / 2 + HIDDEN_S) if case == "unreadable 2 s" else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = FakePowercap(
            folder / "powercap", zones(case == "wrap", seconds), hidden_s, separate=True
        )
        with tree:
            time.sleep(0.5)
            recorder = Recorder({"rapl": Rapl(str(tree.root))}, folder / "run", 0.1)
            recorder.start()
            with recorder.phase("fit"):
                time.sleep(seconds)
            recorder.stop()
        recorded = trace.read_stream(folder / "run")
    (fit,) = recorded.phases
    good = True
    for zone in WATTS:
        channel_id = "rapl.package-0" if zone == "package-0" else "rapl.dram-0"
        energy = channel_energy(recorded, channel_id, [(fit.start_ns, fit.stop_ns)])
        true_j = tree.energy_j(zone, fit.start_ns, fit.stop_ns)
        error = energy.value_j / true_j - 1
        gap_s = (1 - energy.coverage) * energy.duration_s
        print(
            f"{case:16}{channel_id:18}{true_j:10.1f} J{energy.value_j:10.1f} J{error:+9.4%}"
            f"   coverage {energy.coverage:.3f} ({gap_s:.2f} s missing)"
            f"{', bridged by the counter' if energy.bridged else ''}"
        )
        good = good and abs(error) <= TARGET
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0)
    seconds = parser.parse_args().seconds
    results = [run(case, seconds) for case in ("plain", "wrap", "unreadable 2 s")]
    print(f"all within {TARGET:.1%}" if all(results) else f"NOT within {TARGET:.1%}")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
