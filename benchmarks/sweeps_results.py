"""Finished cells of the sampler yardstick, a row each in a small file that is kept with the code."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from benchmarks.lcbench import Task
from benchmarks.lcbench_jobs import Outcome

FOLDER = Path(__file__).parent / "results"
RESULTS, CONSTANTS = FOLDER / "sweeps.csv", FOLDER / "lcbench_constants.csv"
SHARES = (0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Cell:
    """One sampler on one task under one set of conditions; `start` in units a job."""

    sampler: str
    task: str
    seed: int
    noise: bool
    start: float
    budget: float


@dataclass(frozen=True)
class Result:
    """`u60` ...: units spent when that share of the reference hypervolume was held, inf where never;
    `area`: mean share over the budget; `share`: held at its end; decisions in CPU seconds, NaN where
    they were not measured."""

    sampler: str
    task: str
    seed: int
    noise: bool
    start: float
    budget: float
    fingerprint: str
    u60: float
    u70: float
    u80: float
    u90: float
    area: float
    share: float
    decision_mean_s: float
    decision_max_s: float
    runs: int
    epochs: int

    @property
    def cell(self) -> Cell:
        return Cell(*astuple(self)[: len(fields(Cell))])

    @property
    def units(self) -> tuple[float, ...]:
        """To each of `SHARES`."""
        return (self.u60, self.u70, self.u80, self.u90)


def result_of(cell: Cell, fingerprint: str, outcome: Outcome) -> Result:
    within = [(spent, held) for spent, held in outcome.steps if spent <= cell.budget]
    units = [next((spent for spent, held in within if held >= s), math.inf) for s in SHARES]
    spent = [0.0, *(spent for spent, _ in within), cell.budget]
    held = [0.0, *(held for _, held in within)]
    pieces = zip(spent[:-1], spent[1:], held, strict=True)
    area = sum((b - a) * share for a, b, share in pieces) / cell.budget
    decisions = outcome.decisions_s
    return Result(
        **asdict(cell),
        fingerprint=fingerprint,
        **dict(zip(("u60", "u70", "u80", "u90"), units, strict=True)),
        area=area,
        share=held[-1],
        decision_mean_s=sum(decisions) / len(decisions),
        decision_max_s=max(decisions),
        runs=outcome.runs,
        epochs=outcome.epochs,
    )


def read(file: Path) -> list[Result]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return [_parsed(row) for row in csv.DictReader(lines)]


def write(file: Path, results: Iterable[Result]) -> None:
    """Sorted, so that two sessions' additions merge; the newest of a cell wins."""
    newest = {result.cell: result for result in results}
    rows = [newest[cell] for cell in sorted(newest, key=astuple)]
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".tmp")
    with scratch.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow([field.name for field in fields(Result)])
        table.writerows([_short(value) for value in astuple(row)] for row in rows)
    scratch.replace(file)


def _short(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float) else value


def _parsed(row: dict[str, str]) -> Result:
    kinds = {"str": str, "int": int, "float": float, "bool": lambda word: word == "True"}
    return Result(**{f.name: kinds[str(f.type)](row[f.name]) for f in fields(Result)})


def known_tasks() -> dict[str, Task]:
    """Held-out tasks whose constants were found."""
    if not CONSTANTS.exists():
        return {}
    with CONSTANTS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        row["name"]: Task(row["name"], *(float(row[f.name]) for f in fields(Task)[1:]))
        for row in rows
    }


def remember(task: Task) -> None:
    tasks = {**known_tasks(), task.name: task}
    CONSTANTS.parent.mkdir(parents=True, exist_ok=True)
    scratch = CONSTANTS.with_suffix(".tmp")
    with scratch.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow([field.name for field in fields(Task)])
        table.writerows(
            [name, *(f"{value:.8g}" for value in astuple(tasks[name])[1:])]
            for name in sorted(tasks, key=int)
        )
    scratch.replace(CONSTANTS)
