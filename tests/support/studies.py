"""A small study, and a worker on it in a process of its own: `python studies.py URL TASK ...`."""

from __future__ import annotations

import fcntl
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from joulelab.errors import StoreError
from joulelab.sweeps.budget import Budget
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import Point, Proposal
from joulelab.sweeps.objectives import parse, parse_constraints
from joulelab.sweeps.space import Choice, Float, Integer, Space
from joulelab.sweeps.study import Study, TrialTaken

SPACE = Space(
    {
        "model": Choice(("scnn", "inception")),
        "lr": Float(1e-5, 1e-1, log=True),
        "depth": Integer(1, 6, when={"model": ("inception",)}),
    }
)


def definition(space: Space = SPACE, objectives: tuple[str, ...] = ("val/f1_macro", "energy_j")):
    constraints = parse_constraints(["memory_bytes/peak <= 5e9"])
    return Definition(space, parse(objectives), constraints)


def opened(url: str, budget: Budget | None = None, **options) -> Study:
    return Study(url, "grid", definition(), budget, **options)


def config(seed: float) -> dict:
    generator = random.Random(seed)
    return SPACE.from_unit(tuple(generator.random() for _ in range(SPACE.size)))


def curve(length: int, scale: float = 1.0) -> list[Point]:
    return [
        Point(step, 10.0 * step * scale, (-0.1 * step, 10.0 * step * scale))
        for step in range(1, length + 1)
    ]


def finish(study: Study, number: int, state="done", **metrics: float) -> None:
    study.finish(number, state, metrics, {"energy_j": 100.0, "duration_s": 2.0}, "")


def started(url: str, *task: object) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, url, *map(str, task)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def answer(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def go(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


def _hold(study: Study) -> None:
    """Begins a trial, says its number, and stays silent."""
    print(study.begin(Proposal(5, config(os.getpid()))), flush=True)
    time.sleep(600)


def _claim(study: Study, number: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print(study.begin(Proposal(5, resumes=int(number))), flush=True)
        time.sleep(600)
    except TrialTaken:
        print("taken", flush=True)


def _adopt(study: Study) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    print(*study.adopt(), flush=True)
    time.sleep(600)


def _run(study: Study, count: str, folder: str) -> None:
    """Runs trials until `count` are finished, what dead workers left first."""
    print("ready", flush=True)
    while True:
        study.recover()
        number = study.take()
        if number is None:
            trials = study.history().trials
            if sum(trial.state in ("done", "failed") for trial in trials.values()) >= int(count):
                return
            number = study.begin(Proposal(5, config(len(trials) + random.random())))
        with (Path(folder) / str(number)).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("doubled", number, flush=True)
            for length in range(1, 6):
                study.report(number, curve(length))
            finish(study, number, **{"memory_bytes/peak": 4e9})
            file.write("finished\n")


def _fill(study: Study, limit: str) -> None:
    """Works until the disk has no room left beyond `limit` bytes a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        for seed in range(10_000):
            number = study.begin(Proposal(5, config(seed)))
            study.report(number, curve(5))
            finish(study, number)
    except StoreError as error:
        print(error, flush=True)


if __name__ == "__main__":
    url, task, *words = sys.argv[1:]
    tasks = {"hold": _hold, "claim": _claim, "adopt": _adopt, "run": _run, "fill": _fill}
    tasks[task](opened(url, retries=1000), *words)
