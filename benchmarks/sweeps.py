"""What each sampler needs to find the front: units of money on tasks whose best front is known.

Every cell (sampler, task, seed, conditions) is a small file, made once; the command may be stopped
and goes on. Seeds are paired: a seed stands for the same noise whoever is measured.

    python -m benchmarks.sweeps --quick                  # minutes
    python -m benchmarks.sweeps                          # hours: eight tasks, ten seeds
    python -m benchmarks.sweeps --noise --start 0.03     # meters as they are, jobs that cost a start
    python -m benchmarks.sweeps --samplers gp random --tasks 3945 --seeds 2 --report-only
"""

from __future__ import annotations

import os

# Before torch comes in: one thread, so that two cells side by side do not slow each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.lcbench import DEVELOPMENT, EPOCHS, SPACE, Surrogate, Task, folder
from benchmarks.lcbench_constants import constants
from benchmarks.lcbench_jobs import Conditions, Sweep
from benchmarks.sweeps_report import report

from joulelab.sweeps.history import Strategy
from joulelab.sweeps.optuna_strategy import Options
from joulelab.sweeps.pruning import StopsDominated
from joulelab.sweeps.samplers import strategy
from joulelab.sweeps.trajectory.strategy import Settings, Trajectory

QUICK_TASKS, QUICK_SEEDS, QUICK_SAMPLERS = 3, 2, ("gp", "gp_cheap_start", "tpe", "random")
Build = Callable[[int], Strategy]


@dataclass(frozen=True)
class Arm:
    """`credited` False: only the last point of a run counts, as samplers are used today."""

    build: Build
    credited: bool = True


def _named(name: str, options: Options | None = None) -> Build:
    return lambda seed: strategy(name, SPACE, EPOCHS, seed=seed, options=options)


def _stopping(name: str) -> Build:
    return lambda seed: StopsDominated(strategy(name, SPACE, EPOCHS, seed=seed), seed=seed)


def _final(seed: int) -> Strategy:
    return Trajectory(SPACE, EPOCHS, seed=seed, settings=Settings(resume=False))


LAST = Options(telling="last", log_cost=False)
RUNGS = Options(telling="rungs", log_cost=False)
ARMS = {
    "random": Arm(_named("random")),
    "qmc": Arm(_named("qmc")),
    "nsga2": Arm(_named("nsga2")),
    "tpe_52_last": Arm(_named("tpe", Options(telling="last", steps="longest")), credited=False),
    "tpe_last": Arm(_named("tpe", LAST), credited=False),
    "tpe": Arm(_named("tpe")),
    "tpe_rungs": Arm(_named("tpe", RUNGS)),
    "tpe_stop": Arm(_stopping("tpe")),
    "gp_last": Arm(_named("gp", LAST), credited=False),
    "gp": Arm(_named("gp", LAST)),
    "gp_last_log": Arm(_named("gp", Options(telling="last", log_cost=True))),
    "gp_rungs": Arm(_named("gp", RUNGS)),
    "gp_rungs_log": Arm(_named("gp", Options(telling="rungs", log_cost=True))),
    "gp_cheap_start_rungs": Arm(_named("gp_cheap_start", RUNGS)),
    "gp_cheap_start_rungs_log": Arm(
        _named("gp_cheap_start", Options(telling="rungs", log_cost=True))
    ),
    "gp_stop": Arm(_stopping("gp")),
    "gp_cheap_start": Arm(_named("gp_cheap_start")),
    "gp_cheap_start_stop": Arm(_stopping("gp_cheap_start")),
    "trajectory": Arm(_named("trajectory")),
    "trajectory_no_resume": Arm(_final),
}


@dataclass(frozen=True)
class Cell:
    sampler: str
    task: str
    seed: int
    noise: bool
    start: float
    budget: float

    def file(self, cache: Path) -> Path:
        kind = f"{'noise' if self.noise else 'exact'}-start{self.start:g}-budget{self.budget:g}"
        return cache / kind / self.sampler / f"{self.task}-{self.seed}.json"


def measure(cell: Cell, cache: Path, data: Path) -> None:
    """Runs a cell and writes its file."""
    warnings.filterwarnings("ignore", module="optuna")
    surrogate = Surrogate(data)
    arm = ARMS[cell.sampler]
    conditions = Conditions(cell.noise, cell.start, arm.credited)
    task = DEVELOPMENT.get(cell.task) or _held_out(surrogate, cell.task, cache)
    outcome = Sweep(surrogate, task, arm.build(cell.seed), conditions, cell.seed).run(cell.budget)
    _write(cell.file(cache), json.dumps({**asdict(cell), **asdict(outcome)}))


def _held_out(surrogate: Surrogate, name: str, cache: Path) -> Task:
    """Its constants, found once."""
    file = cache / "constants" / f"{name}.json"
    if not file.exists():
        _write(file, json.dumps(asdict(constants(surrogate, name))))
    return Task(**json.loads(file.read_text(encoding="utf-8")))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(f".{os.getpid()}.tmp")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(file)


def cells(arguments: argparse.Namespace) -> Iterator[Cell]:
    for seed in range(arguments.seeds):
        for task in arguments.tasks:
            for sampler in arguments.samplers:
                yield Cell(sampler, task, seed, arguments.noise, arguments.start, arguments.budget)


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three tasks, two seeds, 8 units")
    parser.add_argument("--samplers", nargs="+", choices=sorted(ARMS), metavar="SAMPLER")
    parser.add_argument("--tasks", nargs="+", help="of the development tasks, unless --held-out")
    parser.add_argument("--held-out", action="store_true", help="allow tasks kept for the end")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--budget", type=float, help="units a cell")
    parser.add_argument("--noise", action="store_true", help="0.5 %% on accuracy, 2 %% on cost")
    parser.add_argument("--start", type=float, default=0.0, help="units that a job's start costs")
    parser.add_argument("--cache", type=Path, default=cache / "joulelab" / "sweeps")
    parser.add_argument("--again", action="store_true", help="measure cells anew that are there")
    parser.add_argument("--report-only", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args(words)
    quick = arguments.quick
    arguments.samplers = arguments.samplers or (QUICK_SAMPLERS if quick else sorted(ARMS))
    arguments.tasks = arguments.tasks or list(DEVELOPMENT)[: QUICK_TASKS if quick else None]
    arguments.seeds = arguments.seeds or (QUICK_SEEDS if quick else 10)
    arguments.budget = arguments.budget or (8.0 if quick else 15.0)
    strangers = [task for task in arguments.tasks if task not in DEVELOPMENT]
    if strangers and not arguments.held_out:
        parser.error(f"{strangers[0]} is held out: say --held-out to use it up")
    return arguments


def main(words: Sequence[str] | None = None) -> None:
    arguments = parsed(words)
    data = folder()
    if data is None or not (data / "model.onnx").exists():
        raise SystemExit("no surrogate: JOULELAB_SHARED_DATA is to hold sweeps/lcbench")
    every = list(cells(arguments))
    cache = arguments.cache
    missing = [cell for cell in every if arguments.again or not cell.file(cache).exists()]
    if not arguments.report_only:
        with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
            work = {pool.submit(measure, cell, cache, data): cell for cell in missing}
            for number, (future, cell) in enumerate(work.items(), start=1):
                future.result()
                print(f"{number}/{len(missing)} {cell.sampler} {cell.task} {cell.seed}", flush=True)
    found = [cell.file(cache) for cell in every if cell.file(cache).exists()]
    print(report([json.loads(file.read_text(encoding="utf-8")) for file in found]))


if __name__ == "__main__":
    main()
