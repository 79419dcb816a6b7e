"""What recording costs: CPU time, start and stop, beside CodeCarbon at 1 s in the same run.

Three RAPL channels, then twelve, at 10 Hz on a live powercap tree that another process writes, so that
only the reading is counted. CodeCarbon runs as its users run it, its own timer at 1 s.

    python benchmarks/recorder.py [--seconds 20]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.fake_powercap import FakePowercap, FakeZone
from support.meters import ConstantMeter, HangingMeter

from joulelab.meters.rapl import Rapl
from joulelab.meters.tracing import trace
from joulelab.meters.tracing.recorder import Recorder

ZONES = [
    FakeZone("package-0", 180.0),
    FakeZone("core", 120.0, parent="package-0"),
    FakeZone("dram", 35.0, parent="package-0"),
]
TWELVE = [FakeZone(f"package-{number}", 100.0 + number) for number in range(12)]
TARGET_CPU_S, TARGET_START_S, TARGET_STOP_S = 0.0015, 0.020, 0.005
TARGET_TWELVE_CPU_S = 0.004
STARTS = 20


def timed(call: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    call()
    return time.perf_counter() - start_s


def cpu_share(seconds: float) -> float:
    """CPU seconds per second of this process, all threads, while its main thread sleeps."""
    cpu_s, start_s = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    return (time.process_time() - cpu_s) / (time.perf_counter() - start_s)


def recording_share(root: Path, folder: Path, seconds: float) -> float:
    recorder = Recorder({"rapl": Rapl(str(root))}, folder, 0.1)
    recorder.start()
    share = cpu_share(seconds)
    recorder.stop()
    return share


def longest_interval_s(folder: Path, seconds: float = 5.0) -> float:
    """Between two samples of a local meter at 10 Hz while a remote one never answers."""
    hanging = HangingMeter()
    recorder = Recorder({"here": ConstantMeter(), "far": hanging}, folder, 0.1)
    recorder.start()
    time.sleep(seconds)
    recorder.stop()
    hanging.release.set()
    times_ns = trace.read_stream(folder).times_ns["here.energy"]
    return float(max(times_ns[1:] - times_ns[:-1])) / 1e9


def our_recorder(root: Path, folder: Path, seconds: float) -> dict[str, float]:
    starts, stops = [], []
    for index in range(STARTS):
        recorder = Recorder({"rapl": Rapl(str(root))}, folder / f"{index}", 0.1)
        starts.append(timed(recorder.start))
        time.sleep(0.05)
        stops.append(timed(recorder.stop))
    return {
        "cpu": recording_share(root, folder / "long", seconds),
        "start": statistics.median(starts),
        "worst start": max(starts),
        "stop": statistics.median(stops),
        "worst stop": max(stops),
    }


def codecarbon(seconds: float) -> dict[str, float]:
    import_s = timed(lambda: __import__("codecarbon"))
    from codecarbon import OfflineEmissionsTracker

    start_s = time.perf_counter()
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA", measure_power_secs=1, output_methods=[], log_level="critical"
    )
    tracker.start()
    started_s = time.perf_counter() - start_s
    share = cpu_share(seconds)
    return {"import": import_s, "start": started_s, "cpu": share, "stop": timed(tracker.stop)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        with FakePowercap(Path(name) / "powercap", ZONES, separate=True) as tree:
            ours = our_recorder(tree.root, Path(name), seconds)
        with FakePowercap(Path(name) / "twelve", TWELVE, separate=True) as wide:
            twelve_s = recording_share(wide.root, Path(name) / "wide", seconds)
        hung_s = longest_interval_s(Path(name) / "hung")
        theirs = codecarbon(seconds)
    print(f"{'':28}{'joulelab 10 Hz':>16}{'codecarbon 1 Hz':>18}{'ratio':>9}{'target':>10}")
    for label, key, scale, target in (
        ("CPU ms per s", "cpu", 1e3, TARGET_CPU_S),
        ("start ms (median)", "start", 1e3, TARGET_START_S),
        ("stop ms (median)", "stop", 1e3, TARGET_STOP_S),
    ):
        ratio = theirs[key] / ours[key]
        print(
            f"{label:28}{ours[key] * scale:16.2f}{theirs[key] * scale:18.2f}{ratio:8.1f}x"
            f"{target * scale:10.2f}"
        )
    print(
        f"{'12 channels: CPU ms per s':28}{twelve_s * 1e3:16.2f}{theirs['cpu'] * 1e3:18.2f}"
        f"{theirs['cpu'] / twelve_s:8.1f}x{TARGET_TWELVE_CPU_S * 1e3:10.2f}"
    )
    print(f"beside a remote meter that hangs, two local samples lie {hung_s:.3f} s apart at most")
    print(f"worst of {STARTS}: start {ours['worst start'] * 1e3:.2f} ms, ", end="")
    print(f"stop {ours['worst stop'] * 1e3:.2f} ms; codecarbon import {theirs['import']:.2f} s")


if __name__ == "__main__":
    main()
