"""What each sampler needs to find the front: units of money on tasks whose best front is known.

A cell is one sampler, task, seed and set of conditions. Finished ones lie in results/sweeps.csv, kept
with the code: the command goes on where it, or another machine, stopped. A cell whose sampler's code
has changed since is stale: it is made anew, and never reported. Seeds are paired: a seed stands for
the same noise whoever is measured.

    python -m benchmarks.sweeps --quick                  # minutes: two tasks, one seed
    python -m benchmarks.sweeps                          # hours: development tasks, ten seeds
    python -m benchmarks.sweeps --tasks held-out --seeds 3
    python -m benchmarks.sweeps --noise --start 0.03     # meters as they are, jobs that cost a start
    python -m benchmarks.sweeps --report                 # docs/benchmarks_sweeps.md from what is there
"""

from __future__ import annotations

import os

# Before torch comes in: one thread, so that two cells side by side do not slow each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from benchmarks.lcbench import DEVELOPMENT, HELD_OUT, Surrogate, Task, folder
from benchmarks.lcbench_constants import constants
from benchmarks.lcbench_jobs import Conditions, Sweep
from benchmarks.sweeps_arms import ARMS, fingerprint
from benchmarks.sweeps_report import page
from benchmarks.sweeps_results import (
    RESULTS,
    Cell,
    Result,
    known_tasks,
    read,
    remember,
    result_of,
    write,
)

BUDGET = 15.0
QUICK = {"tasks": ["167152", "34539"], "seeds": 1, "samplers": ["gp_cheap_start", "trajectory"]}
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks_sweeps.md"


def measure(cell: Cell, task: Task, data: Path) -> Result:
    warnings.filterwarnings("ignore", module="optuna")
    arm = ARMS[cell.sampler]
    conditions = Conditions(cell.noise, cell.start, arm.credited)
    made_by = fingerprint(cell.sampler)
    sweep = Sweep(Surrogate(data), task, arm.build(cell.seed), conditions, cell.seed)
    return result_of(cell, made_by, sweep.run(cell.budget))


def task_of(name: str, data: Path) -> Task:
    """With its constants, which take a minute to find the first time."""
    known = DEVELOPMENT.get(name) or known_tasks().get(name)
    if known is None:
        known = constants(Surrogate(data), name)
        remember(known)
    return known


def cells(arguments: argparse.Namespace) -> Iterator[Cell]:
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        for task in arguments.tasks:
            for sampler in arguments.samplers:
                yield Cell(sampler, task, seed, arguments.noise, arguments.start, arguments.budget)


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two tasks, one seed, two samplers")
    parser.add_argument("--samplers", nargs="+", choices=list(ARMS), metavar="SAMPLER")
    parser.add_argument("--tasks", nargs="+", help="numbers, `development` (default), `held-out`")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=BUDGET, help="units a cell")
    parser.add_argument("--noise", action="store_true", help="0.5 %% on accuracy, 2 %% on cost")
    parser.add_argument("--start", type=float, default=0.0, help="units that a job's start costs")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args(words)
    default = QUICK if arguments.quick else {}
    arguments.samplers = arguments.samplers or default.get("samplers", list(ARMS))
    arguments.seeds = arguments.seeds or default.get("seeds", 10)
    groups = {"development": list(DEVELOPMENT), "held-out": list(HELD_OUT)}
    asked = arguments.tasks or default.get("tasks", ["development"])
    arguments.tasks = [task for word in asked for task in groups.get(word, [word])]
    strangers = [task for task in arguments.tasks if task not in (*DEVELOPMENT, *HELD_OUT)]
    if strangers:
        parser.error(f"{strangers[0]} is no task of the surrogate")
    return arguments


def run(arguments: argparse.Namespace, data: Path) -> None:
    made = {(result.cell, result.fingerprint) for result in read(arguments.results)}
    every = list(cells(arguments))
    missing = [cell for cell in every if (cell, fingerprint(cell.sampler)) not in made]
    print(f"{len(every)} cells, {len(missing)} to measure", flush=True)
    with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
        work = {pool.submit(measure, cell, task_of(cell.task, data), data) for cell in missing}
        for number, future in enumerate(as_completed(work), start=1):
            result = future.result()
            # Read anew: another command may have added to it.
            write(arguments.results, [*read(arguments.results), result])
            print(
                f"{number}/{len(missing)} {result.sampler} {result.task} {result.seed}", flush=True
            )


def main(words: Sequence[str] | None = None) -> None:
    arguments = parsed(words)
    if not arguments.report:
        data = folder()
        if data is None or not (data / "model.onnx").exists():
            raise SystemExit("no surrogate: JOULELAB_SHARED_DATA is to hold sweeps/lcbench")
        run(arguments, data)
    results = read(arguments.results)
    fresh = [each for each in results if each.fingerprint == _current(each.sampler)]
    if len(fresh) < len(results):
        print(f"{len(results) - len(fresh)} cells of older code are left out")
    text = page(fresh)
    arguments.page.write_text(text, encoding="utf-8")
    print(text)


def _current(sampler: str) -> str | None:
    return fingerprint(sampler) if sampler in ARMS else None


if __name__ == "__main__":
    main()
