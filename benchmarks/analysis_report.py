"""Seconds and memory of `python analyze.py` over a store of many runs: all of it, imports included.

    python -m benchmarks.analysis_report --runs 10000 [--folder /where/a/store/lies/already]

CPU seconds of the process (user and system), wall seconds, peak memory, size of the page.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.analysis_store import build

LIMIT_S = 60.0


def report(mlruns: Path, root: Path) -> tuple[float, float, float, float]:
    """CPU seconds, wall seconds, peak MiB, size of report.html in MB."""
    command = [sys.executable, "analyze.py", f"paths.mlruns={mlruns}", f"paths.root={root}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = time.monotonic()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    wall_s = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    (page,) = root.glob("reports/*/report.html")
    size_mb = page.stat().st_size / 1e6
    return used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024, size_mb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument(
        "--folder", type=Path, help="mlruns folder with joulelab.db; built if absent"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mlruns = given.folder or Path(folder) / "mlruns"
        if not (mlruns / "joulelab.db").exists():
            build(mlruns, given.runs)
        cpu_s, wall_s, peak_mib, size_mb = report(mlruns, Path(folder))
    verdict = "within" if cpu_s <= LIMIT_S else "ABOVE"
    print(f"{cpu_s:.1f} CPU s, {wall_s:.0f} s wall, {peak_mib:.0f} MiB, page {size_mb:.1f} MB")
    print(f"{verdict} {LIMIT_S:g} s (load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores)")


if __name__ == "__main__":
    main()
