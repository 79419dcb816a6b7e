"""Seconds and memory from a store of many runs to the tidy table, beside `mlflow.search_runs`.

Each figure is of a process of its own: CPU seconds without imports, wall seconds, peak memory of the
whole process. `first`: nothing is kept yet. `again`: the second call. `one new`: after one more run.

    python -m benchmarks.analysis --runs 1000 10000 --folder /somewhere
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

LIMIT_S, LIMIT_MIB, LEAST_RATIO = 5.0, 1024, 5.0


def frame(folder: Path) -> int:
    """The tidy table of runs."""
    from joulelab.analysis.table import collect
    from joulelab.tracking.mlflow_store import MlflowStore

    return timed(lambda: len(collect(MlflowStore(folder=folder).frame()).table))


def configurations(folder: Path) -> int:
    """The table of configurations from that of runs, with front and its probability."""
    from joulelab.analysis.configurations import compare
    from joulelab.analysis.table import collect
    from joulelab.tracking.mlflow_store import MlflowStore

    runs = collect(MlflowStore(folder=folder).frame())
    return timed(lambda: len(compare(runs)[0].table))


def curves(folder: Path) -> int:
    """Points of all curves."""
    from joulelab.tracking.mlflow_store import MlflowStore

    store = MlflowStore(folder=folder)
    ids = store.frame()["store_id"].to_pylist()
    return timed(lambda: store.curves(ids).num_rows)


def rows(folder: Path) -> int:
    """`mlflow.search_runs`, whose answer is a table of the same cells."""
    import mlflow

    from joulelab.tracking import mlflow_library  # noqa: F401  no call home

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'joulelab.db'}")
    return timed(lambda: len(mlflow.search_runs(experiment_names=["joulelab"], max_results=10**6)))


def one_new(folder: Path) -> int:
    from joulelab.analysis.table import collect
    from joulelab.tracking.mlflow_library import MlflowClient
    from joulelab.tracking.mlflow_store import MlflowStore

    client = MlflowClient(f"sqlite:///{folder / 'joulelab.db'}")
    experiment = client.get_experiment_by_name("joulelab")
    run = client.create_run(experiment.experiment_id)
    client.log_metric(run.info.run_id, "energy_j", 1.0)
    return timed(lambda: len(collect(MlflowStore(folder=folder).frame()).table))


TASKS = {task.__name__: task for task in (frame, configurations, curves, rows, one_new)}


def timed(work: Callable[[], int]) -> int:
    cpu, wall = time.process_time(), time.perf_counter()
    count = work()
    found = {
        "count": count,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))
    return count


def measured(task: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.analysis", "--task", task, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def tell(name: str, found: dict[str, float]) -> None:
    print(
        f"  {name:34s} {found['cpu_s']:8.2f} s CPU {found['wall_s']:8.2f} s wall "
        f"{found['mib']:6.0f} MiB {found['count']:9.0f} rows",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--points", type=int, default=200, help="of each run's curve")
    parser.add_argument("--peer", type=int, default=10000, help="most runs for mlflow.search_runs")
    parser.add_argument("--folder", type=Path, help="where stores are made, or are from before")
    parser.add_argument("--task", choices=TASKS)
    chosen = parser.parse_args()
    if chosen.task:
        TASKS[chosen.task](chosen.folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        for runs in chosen.runs:
            one_size(Path(chosen.folder or scratch) / f"{runs}_{chosen.points}", runs, chosen)


def one_size(folder: Path, runs: int, chosen: argparse.Namespace) -> None:
    if not (folder / "joulelab.db").exists():
        from benchmarks.analysis_store import build

        start = time.process_time()
        build(folder, runs, chosen.points)
        print(f"store of {runs} runs made in {time.process_time() - start:.0f} s CPU")
    shutil.rmtree(folder / "cache", ignore_errors=True)
    print(f"{runs} runs, curves of {chosen.points} points, load {os.getloadavg()[0]:.1f}")
    first = measured("frame", folder)
    tell("table, first", first)
    tell("table, again", measured("frame", folder))
    tell("configurations from it", measured("configurations", folder))
    tell("curves, first", measured("curves", folder))
    tell("curves, again", measured("curves", folder))
    print(f"  limit {LIMIT_S:g} s and {LIMIT_MIB} MiB at 10,000 runs")
    if runs <= chosen.peer:
        peer = measured("rows", folder)
        tell("mlflow.search_runs", peer)
        ratio = peer["cpu_s"] / first["cpu_s"]
        print(f"  mlflow.search_runs / table, first: {ratio:.1f} (at least {LEAST_RATIO:g})")
    tell("table, one new run", measured("one_new", folder))


if __name__ == "__main__":
    main()
