"""kill -9 at random moments: of sweepers, two of which work on one study at once, and of jobs. Says
whether a trial was lost or run twice, and whether the front is what the store and the runs hold.

    python -m benchmarks.sweep_faults                       # 50 kills, SQLite
    python -m benchmarks.sweep_faults --storage journal --kills 20
    python -m benchmarks.sweep_faults --storage postgresql+psycopg://...

Jobs are real runs (meter, trace, checkpoint) of a learner that sleeps; half of the trials are paused
after three of their six points and taken up again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.sweep_faults_job import OBJECTIVES, SPACE, STEPS, Sometimes, start

from joulelab import jobs
from joulelab.sweeping import folders, progress
from joulelab.sweeping.book import StudyBook
from joulelab.sweeping.loop import Loop
from joulelab.sweeping.settings import Settings
from joulelab.sweeping.trials import Measure
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import History, Trial
from joulelab.sweeps.opening import url_of
from joulelab.sweeps.viewing import view

MEASURE = Measure(
    [each.name for each in OBJECTIVES],
    [-1.0 if each.direction == "maximize" else 1.0 for each in OBJECTIVES],
    "energy_j",
)


class Silent:
    def say(self, sentence):
        print(f"{os.getpid()}: {sentence}", flush=True)

    def show(self, history, running): ...


def sweep(folder: Path, storage: str | None, trials: int, seed: int) -> None:
    """One sweeper, until the budget is spent."""
    jobs.PRELOAD = "benchmarks.sweep_faults_job"
    settings = Settings(budget_runs=trials, retries=1000, storage=storage)
    book = StudyBook.open(folder, settings, Definition(SPACE, OBJECTIVES))
    Loop(
        book, Sometimes(seed), MEASURE, start(folder), lambda config: STEPS, folder, Silent()
    ).run()
    book.close()


def victims(folder: Path, sweepers: list[subprocess.Popen]) -> dict[str, list[int]]:
    runs = [
        each
        for trial in folder.iterdir()
        if trial.name.isdigit()
        for each in folders.runs(trial)
        if each.alive
    ]
    return {
        "sweeper": [each.pid for each in sweepers if each.poll() is None],
        "job": [int(each.record.tags["pid"]) for each in runs],
    }


def torment(
    folder: Path, storage: str | None, trials: int, kills: int, seed: int, longest_s: float
) -> Counter:
    """Keeps two sweepers at work and kills at random moments; how often which."""
    generator, done = random.Random(seed), Counter()
    command = [sys.executable, "-m", "benchmarks.sweep_faults", "--sweeper", str(folder)]
    command += ["--trials", str(trials)] + (["--storage", storage] if storage else [])
    sweepers: list[subprocess.Popen] = []
    log = (folder / "sweepers.log").open("a")
    while True:
        sweepers = [each for each in sweepers if each.poll() is None]
        over = sum(done.values()) >= kills
        while len(sweepers) < 2 and not (over and finished(folder)):
            number = str(generator.randrange(10**6))
            sweepers.append(
                subprocess.Popen([*command, "--seed", number], stdout=log, stderr=subprocess.STDOUT)
            )
        if over:
            for each in sweepers:
                each.wait()
            return done
        time.sleep(generator.uniform(0.05, longest_s))
        kind = generator.choice(["sweeper", "job", "job", "job"])
        found = victims(folder, sweepers)[kind]
        if found:
            os.kill(generator.choice(found), signal.SIGKILL)
            done[kind] += 1


def finished(folder: Path) -> bool:
    return (folder / "over").exists()


def judge(folder: Path, url: str, trials: int) -> list[str]:
    """Whatever is wrong, in sentences."""
    seen, wrong = view(url, folder.name), []
    history = seen.history
    if sorted(history.trials) != list(range(trials)):
        wrong.append(f"numbers are {sorted(history.trials)}, not 0..{trials - 1}")
    for number, trial in history.trials.items():
        pieces = list(folders.runs(folder / str(number)))
        ended = [each for each in pieces if each.record.status == "FINISHED"]
        whole = [each for each in ended if len(each.curve) == STEPS]
        if not pieces and any(each.config == trial.config for each in earlier(history, number)):
            continue  # the store answered it
        # A verdict that comes late, on a busy machine, pauses a run a point later.
        least = {"done": STEPS, "paused": STEPS // 2}.get(trial.state)
        if least is None or len(trial.points) < least:
            wrong.append(f"trial {number} is {trial.state} after {len(trial.points)} points")
        if len(whole) != (trial.state == "done"):
            wrong.append(f"trial {number} was run to its end {len(whole)} times")
        spans = sorted(
            (each.record.start_wall_ns, each.record.stop_wall_ns or 0) for each in pieces
        )
        if any(stop > start for (_, stop), (start, _) in itertools.pairwise(spans)):
            wrong.append(f"two runs of trial {number} were at work at once")
        last = MEASURE.points([whole[-1]] if whole else pieces[-1:])
        if trial.points != last:
            wrong.append(f"the study's curve of trial {number} is not that of its run")
    told = [(each.step, each.losses) for each in progress.front(history)]
    points = [point for trial in history.trials.values() for point in trial.points]
    brute = {
        (one.step, one.losses)
        for one in points
        if not any(
            all(b <= a for a, b in zip(one.losses, other.losses, strict=True))
            and other.losses != one.losses
            for other in points
        )
    }
    if set(told) != brute:
        wrong.append("the front is not that of the points in the store")
    return wrong


def earlier(history: History, number: int) -> list[Trial]:
    return [trial for other, trial in history.trials.items() if other < number]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest-s", type=float, default=4.0, help="between two kills")
    parser.add_argument("--storage")
    parser.add_argument("--sweeper", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sweeper is not None:
        sweep(given.sweeper, given.storage, given.trials, given.seed)
        (given.sweeper / "over").touch()
        return
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "faults"
        folder.mkdir()
        start_s = time.monotonic()
        done = torment(
            folder, given.storage, given.trials, given.kills, given.seed, given.longest_s
        )
        wrong = judge(folder, url_of(given.storage, folder), given.trials)
        attempts = sum(len(folders.runs(folder / str(n))) for n in range(given.trials))
        found = {
            "storage": (given.storage or "sqlite").partition("://")[0],
            "kills": dict(done),
            "trials": given.trials,
            "runs": attempts,
            "seconds": round(time.monotonic() - start_s),
            "wrong": wrong,
        }
        print(json.dumps(found, indent=1))
        if wrong:
            print((folder / "sweepers.log").read_text()[-3000:], file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
