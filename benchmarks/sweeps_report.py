"""The tables over cells: money to each share of the front, beside the credited GPSampler."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from benchmarks.lcbench import DEVELOPMENT
from benchmarks.sweeps_results import SHARES, Result

Floats = npt.NDArray[np.float64]
Pair = tuple[str, int]
BASELINE, RIVAL, OURS = "gp", "gp_cheap_start", "trajectory"
DRAWS = 4000

HEAD = """\
# Sweeps: money to the front

Written by `python -m benchmarks.sweeps --report` from `benchmarks/results/sweeps.csv`; how it is
measured: the [sweeps](sweeps.md#how-it-is-measured) page. A unit is the mean cost of one full run
of the task. Ratios are geometric means over tasks and seeds of the units to reach 60, 70, 80 and 90
% of the reference hypervolume, divided by those of Optuna's GPSampler with every epoch credited
(`gp`), same task and seed; in brackets the 5-95 % interval when tasks are drawn anew with all their
seeds. A run that never arrived counts at the budget; pairs in which neither arrived are left out.
Area: mean share held while the budget was spent. Decisions in CPU seconds of one core.

| name | what it is |
|---|---|
| `gp` | Optuna's GPSampler, epochs a log-integer parameter, every epoch credited |
| `gp_last` | the same, only a run's last point counts |
| `gp_cheap_start` | GPSampler after 11 very short runs |
| `trajectory` | ours; `trajectory_no_resume`: a pause is final |
| `tpe`, `random`, `nsga2` | Optuna's, epochs a parameter, every epoch credited |
| `tpe_52_last` | TPE as users run it: full epochs, last point only |
"""


def page(results: Sequence[Result]) -> str:
    parts = [HEAD]
    conditions = sorted({(each.noise, each.start, each.budget) for each in results})
    for noise, start, budget in conditions:
        chosen = [e for e in results if (e.noise, e.start, e.budget) == (noise, start, budget)]
        parts.append(f"## {_conditions(noise, start, budget)}\n")
        groups = {
            "Development tasks": [e for e in chosen if e.task in DEVELOPMENT],
            "Held-out tasks (not looked at while designing)": [
                e for e in chosen if e.task not in DEVELOPMENT
            ],
        }
        for title, cells in groups.items():
            if cells:
                parts.append(f"### {title}\n\n{table(cells)}\n")
                parts += [text for text in (rivals(cells), by_task(cells)) if text]
    return "\n".join(parts)


def _conditions(noise: bool, start: float, budget: float) -> str:
    words = ["noise: 0.5 % absolute on accuracy, 2 % on cost" if noise else "noise-free"]
    words.append(f"a job's start costs {start:g} units" if start else "no start cost")
    return f"{', '.join(words)}, {budget:g} units".capitalize()


def table(results: Sequence[Result]) -> str:
    head = "".join(f" {share:.0%} |" for share in SHARES)
    lines = [
        f"| sampler |{head} reached of | units, median:{head} area | decision s mean / max | runs "
        "| tasks x seeds |",
        "|---" * (2 * len(SHARES) + 6) + "|",
    ]
    names = {each.sampler for each in results}
    areas = {name: np.mean([e.area for e in results if e.sampler == name]) for name in names}
    lines += [_row(name, results) for name in sorted(names, key=lambda name: -areas[name])]
    return "\n".join(lines)


def by_pair(results: Iterable[Result], sampler: str) -> dict[Pair, Result]:
    return {(each.task, each.seed): each for each in results if each.sampler == sampler}


def _row(sampler: str, results: Sequence[Result]) -> str:
    own, base = by_pair(results, sampler), by_pair(results, BASELINE)
    units = np.array([each.units for each in own.values()])
    medians = [f"{m:.1f}" if math.isfinite(m) else "never" for m in np.median(units, axis=0)]
    reached = "/".join(str(n) for n in np.isfinite(units).sum(axis=0))
    means = np.array([each.decision_mean_s for each in own.values()])
    longest = np.array([each.decision_max_s for each in own.values()])
    timed = np.isfinite(means)
    seconds = f"{means[timed].mean():.2f} / {longest[timed].max():.2f}" if timed.any() else "-"
    tasks = {each.task for each in own.values()}
    cells = [
        f"`{sampler}`",
        *(ratio(own, base, index) for index in range(len(SHARES))),
        f"{reached} of {len(own)}",
        *medians,
        f"{np.mean([each.area for each in own.values()]):.3f}",
        seconds,
        f"{np.mean([each.runs for each in own.values()]):.0f}",
        f"{len(tasks)} x {len(own) / len(tasks):.3g}",
    ]
    return "| " + " | ".join(cells) + " |"


def log_ratios(
    own: dict[Pair, Result], base: dict[Pair, Result], index: int
) -> dict[str, list[float]]:
    """By task, of the pairs in which either arrived."""
    found: dict[str, list[float]] = {}
    for pair in sorted(own.keys() & base.keys()):
        mine, theirs = own[pair].units[index], base[pair].units[index]
        if math.isfinite(min(mine, theirs)):
            most = own[pair].budget
            found.setdefault(pair[0], []).append(math.log(min(mine, most) / min(theirs, most)))
    return found


def ratio(own: dict[Pair, Result], base: dict[Pair, Result], index: int) -> str:
    tasks = list(log_ratios(own, base, index).values())
    if not tasks:
        return "-"
    centre = math.exp(np.mean(np.concatenate(tasks)))
    drawn = np.random.default_rng(0).integers(len(tasks), size=(DRAWS, len(tasks)))
    sums, counts = np.array([sum(task) for task in tasks]), np.array([len(task) for task in tasks])
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.exp(np.quantile(means, [0.05, 0.95]))
    return f"{centre:.2f} [{low:.2f}, {high:.2f}]"


def rivals(results: Sequence[Result]) -> str:
    ours, rival = by_pair(results, OURS), by_pair(results, RIVAL)
    if not ours.keys() & rival.keys():
        return ""
    words = [f"{share:.0%} {ratio(ours, rival, i)}" for i, share in enumerate(SHARES)]
    return (
        f"`{OURS}` over `{RIVAL}`, {len(ours.keys() & rival.keys())} pairs: {'; '.join(words)}.\n"
    )


def by_task(results: Sequence[Result]) -> str:
    """How our sampler does against the baseline on each task."""
    ours, base = by_pair(results, OURS), by_pair(results, BASELINE)
    tasks = sorted({task for task, _ in ours.keys() & base.keys()}, key=int)
    if not tasks:
        return ""
    head = "".join(f" {share:.0%} |" for share in SHARES)
    lines = [f"| task |{head} seeds |", "|---" * (len(SHARES) + 2) + "|"]
    for task in tasks:
        parts = []
        for index in range(len(SHARES)):
            logs = log_ratios(ours, base, index).get(task)
            parts.append(f"{math.exp(np.mean(logs)):.2f}" if logs else "-")
        seeds = sum(pair[0] == task for pair in ours.keys() & base.keys())
        lines.append(f"| {task} | {' | '.join(parts)} | {seeds} |")
    return f"Geometric mean ratio of `{OURS}` to `{BASELINE}`:\n\n" + "\n".join(lines) + "\n"
