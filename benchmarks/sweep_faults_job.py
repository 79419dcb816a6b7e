"""What `sweep_faults` runs: a space, a strategy that pauses, and real runs of a learner that sleeps."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from joulelab.errors import DataError
from joulelab.observers import Screen
from joulelab.records import Channel, DataSpec, Sample
from joulelab.run import Plan, Run
from joulelab.sweeping import folders, job
from joulelab.sweeps.history import History, Objective, Proposal, Verdict
from joulelab.sweeps.space import Float, Space
from joulelab.tracking.null_store import NullStore
from joulelab.training import TrainBody

OBJECTIVES = (Objective("val/f1", "maximize"), Objective("energy_j", "minimize", cost=True))
SPACE = Space({"lr": Float(0.0, 1.0)})
STEPS, STEP_S = 6, 0.15


class Sometimes:
    """A new configuration, or a paused trial to its end; every second trial is paused half-way."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def propose(self, history: History) -> Proposal:
        paused = [number for number, trial in history.trials.items() if trial.state == "paused"]
        if paused and self._random.random() < 0.7:
            return Proposal(STEPS, resumes=self._random.choice(paused))
        return Proposal(STEPS // 2, config={"lr": self._random.random()})

    def assess(self, history: History, number: int) -> Verdict:
        trial = history.trials[number]
        if trial.points[-1].step < trial.planned_steps:
            return Verdict("go on", trial.planned_steps)
        return Verdict("pause") if number % 2 else Verdict("go on", STEPS)


class Meter:
    """10 W, as a counter: it closes the gaps that a busy machine leaves."""

    remote = False
    channels = (Channel("energy", "counter", "J", "node", "measured"),)

    def start(self) -> None:
        self._start_ns = time.monotonic_ns()

    def stop(self) -> None: ...
    def read(self) -> list[Sample]:
        now_ns = time.monotonic_ns()
        return [Sample(now_ns, "energy", 10.0 * (now_ns - self._start_ns) / 1e9)]


class Nothing:
    spec = DataSpec(
        "nothing", "multiclass", "series", ("a", "b"), (1, 1), ("x",), ("W",), (0,), (1,)
    )

    def split(self, name: str) -> Any:
        if name not in ("train", "val", "test"):
            raise DataError("there is no such split", where=name)
        return []


class Sleeper:
    def __init__(self, lr: float) -> None:
        self._lr, self._done = lr, 0

    def fit(self, data: Any, observer: Any) -> dict[str, float]:
        metrics: dict[str, float] = {}
        while self._done < STEPS:
            time.sleep(STEP_S)
            self._done += 1
            metrics = {"val/f1": self._lr * self._done / STEPS}
            observer.point(self._done, metrics)
            if observer.should_stop() is not None:
                break
        return metrics

    def evaluate(self, data: Any, observer: Any) -> dict[str, float]:
        return {}

    def save(self, folder: Path) -> None:
        (folder / "done").write_text(str(self._done))

    def load(self, folder: Path) -> None:
        self._done = int((folder / "done").read_text())


class Dark(Screen):
    def __getattribute__(self, name: str) -> Any:
        return lambda *given, **named: None


def start(study: Path) -> Any:
    def begin(number: int, config: Any) -> Any:
        return job.start(one, (str(study / str(number)), dict(config)), study / str(number), ())

    return begin


def one(given: tuple[str, dict[str, float]]) -> None:
    folder, config = Path(given[0]), given[1]
    kept = [*folders.checkpoints(folder, 1), None][0]
    plan = Plan(
        "sleeper", "faults", folder, folder / "index", NullStore([folder]), {"constant": Meter()},
        idle_s=0.0, warmup_s=0.0, idle_after_s=0.0, allow_concurrent=True,
    )  # fmt: skip
    body = TrainBody(Nothing, lambda: Sleeper(**config), lambda data: {}, continues=kept)
    if Run(plan, body, Dark()).execute().status == "KILLED":
        raise KeyboardInterrupt
