"""What the study itself costs a sweep of many trials: CPU time of each call at a given size.

    python benchmarks/study_overhead.py                         # 1,000 trials of 20 points, SQLite
    python benchmarks/study_overhead.py --storage journal
    python benchmarks/study_overhead.py --storage postgresql+psycopg://...

`again` is the same call by a worker that has just come and reads everything: what a poll would cost
that is not incremental.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from joulelab.sweeping import progress
from joulelab.sweeps import curves
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.distributions import optuna_params
from joulelab.sweeps.first import Repeats
from joulelab.sweeps.history import Objective, Point, Proposal
from joulelab.sweeps.opening import url_of
from joulelab.sweeps.results import front
from joulelab.sweeps.space import Choice, Float, Space
from joulelab.sweeps.study import Study

OBJECTIVES = (Objective("val/f1", "maximize"), Objective("energy_j", "minimize", cost=True))
SPACE = Space({"lr": Float(1e-5, 1e-1, log=True), "model": Choice(("a", "b", "c"))})
DEFINITION = Definition(SPACE, OBJECTIVES)


def curve(generator: random.Random, points: int) -> list[Point]:
    step_j, best = 10 ** generator.uniform(0, 2), generator.uniform(0.3, 0.9)
    found = []
    for step in range(1, points + 1):
        quality = best * (1 - 0.8**step) + generator.gauss(0, 0.005)
        found.append(Point(step, step_j * step, (-quality, step_j * step)))
    return found


def one_trial(study: Study, generator: random.Random, points: int) -> None:
    config = {"lr": 10 ** generator.uniform(-5, -1), "model": generator.choice("abc")}
    number = study.begin(Proposal(points, config=config))
    study.report(number, curve(generator, points))
    study.finish(number, "done", {}, {"energy_j": 100.0, "duration_s": 1.0}, "")


def stored(study: Study, generator: random.Random, points: int) -> None:
    """A finished trial as one write, since a thousand the usual way take minutes."""
    config = {"lr": 10 ** generator.uniform(-5, -1), "model": generator.choice("abc")}
    made = curve(generator, points)
    attributes = {
        "job": {"config": config, "planned": points, "owner": "", "since": 0.0, "attempts": 1},
        "end": {"metrics": {}, "spent": {"energy_j": 100.0, "duration_s": 1.0}, "why": ""},
        **curves.written(made, {}),
    }
    values = [-made[-1].losses[0], made[-1].losses[1]]
    study._storage.create(*optuna_params(SPACE, config, {}), attributes, values)


def cost_s(call: Callable[[], object], times: int = 1) -> float:
    start_s = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start_s) / times


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--storage")
    given = parser.parse_args()
    generator = random.Random(0)
    with tempfile.TemporaryDirectory() as root:
        url = url_of(given.storage, Path(root))
        study = Study(url, f"overhead-{time.time_ns()}", DEFINITION)
        for _ in range(given.trials):
            stored(study, generator, given.points)
        number = study.begin(Proposal(given.points, config={"lr": 1e-3, "model": "a"}))
        points = curve(generator, given.points)
        study.report(number, points[:-1])
        history = study.history()
        fresh = Study(url, study.name, DEFINITION)
        found = {
            "a poll (history)": cost_s(study.history, 50),
            "the same, again": cost_s(fresh.history),
            "spent_up": cost_s(study.spent_up, 20),
            "a new point (report)": cost_s(lambda: study.report(number, points)),
            "begin, report and finish of a trial": cost_s(
                lambda: one_trial(study, generator, given.points), 5
            ),
            "front, as the live screen asks": cost_s(lambda: progress.front(history), 3),
            "hypervolume over the money": cost_s(lambda: progress.hypervolumes(history), 3),
            "front with probabilities": cost_s(lambda: front(history), 1),
            "is a repeat due": cost_s(lambda: Repeats(study, SPACE, 0.1)._repeat(history)),
        }
        print(f"{given.trials} trials of {given.points} points, {url.partition(':')[0]}")
        for name, seconds in found.items():
            print(f"{name:<38} {1000 * seconds:9.1f} ms CPU")


if __name__ == "__main__":
    main()
