"""Seconds that joulelab adds around the work: help, doctor, one run, a job of a multirun.

    python benchmarks/overhead.py [--runs 3]

Overhead of a run is the wall time of `python train.py` minus idle, warmup, fit and evaluate (so
idle_after counts as overhead); of a job of a multirun, the same per job after the first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
OUTSIDE = ("idle", "warmup", "fit", "evaluate")
SHORT = ["max_epochs=2", "idle_s=0.5", "warmup_s=0.5", "idle_after_s=0.2"]


def wall_s(command: list[str], root: Path) -> float:
    start_s = time.perf_counter()
    subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "JOULELAB_ROOT": str(root)},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start_s


def phases_s(root: Path) -> list[float]:
    """Seconds of the four phases for each run below `root`."""
    found = []
    for path in root.rglob("record.json"):
        metrics = json.loads(path.read_text(encoding="utf-8"))["metrics"]
        found.append(sum(metrics.get(f"duration_s/{name}", 0.0) for name in OUTSIDE))
    return found


def run_overhead_s(train: list[str], root: Path, fresh: bool) -> float:
    if not fresh:
        wall_s([*train, *SHORT], root)
    before = sum(phases_s(root))
    return wall_s([*train, *SHORT], root) - (sum(phases_s(root)) - before)


def job_overhead_s(train: list[str], root: Path, jobs: int = 4) -> float:
    """Per job after the first, from a multirun of `jobs` and one of a single job."""
    seeds = ",".join(map(str, range(jobs)))
    one_s = wall_s([*train, "-m", "seed=0", *SHORT], root)
    one_phases_s = sum(phases_s(root))
    all_s = wall_s([*train, "-m", f"seed={seeds}", *SHORT], root)
    all_phases_s = sum(phases_s(root)) - one_phases_s
    return ((all_s - all_phases_s) - (one_s - one_phases_s)) / (jobs - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    train = [sys.executable, "train.py"]
    doctor = [sys.executable, "-m", "joulelab.cli", "doctor"]
    rows: list[tuple[str, float, list[float]]] = []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        roots = iter(root / str(number) for number in range(1000))
        rows.append(
            ("train.py --help", 1.5, [wall_s([*train, "--help"], root) for _ in range(runs)])
        )
        rows.append(("joulelab doctor", 2.0, [wall_s(doctor, root) for _ in range(runs)]))
        fresh = [run_overhead_s(train, next(roots), True) for _ in range(runs)]
        rows.append(("a run, new store", 8.0, fresh))
        later = [run_overhead_s(train, next(roots), False) for _ in range(runs)]
        rows.append(("a run, store there", 8.0, later))
        jobs = [job_overhead_s(train, next(roots)) for _ in range(runs)]
        rows.append(("a job of a multirun", 2.0, jobs))
    print(f"load average {os.getloadavg()[0]:.1f}, {runs} runs each, seconds")
    print(f"{'':<22}{'median':>8}{'min':>8}{'max':>8}{'limit':>8}")
    for name, limit, seconds in rows:
        figures = (statistics.median(seconds), min(seconds), max(seconds), limit)
        print(f"{name:<22}" + "".join(f"{figure:8.2f}" for figure in figures))


if __name__ == "__main__":
    main()
