"""The table over cells: money to each share of the front, beside the credited GPSampler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SHARES = (0.6, 0.7, 0.8, 0.9)
BASELINE = "gp"
DRAWS = 4000


def report(cells: Sequence[dict[str, Any]]) -> str:
    """A Markdown table; ratios are geometric means over tasks and seeds, with the 5-95 % interval
    when tasks are drawn anew with all their seeds; a run that never arrived counts at the budget."""
    samplers = sorted({cell["sampler"] for cell in cells})
    base = _by_pair(cells, BASELINE)
    head = "".join(f" {share:.0%} |" for share in SHARES)
    lines = [
        f"| sampler |{head} reached of | units, median:{head} area | decision s mean / max | runs |",
        "|---" * (2 * len(SHARES) + 5) + "|",
    ]
    rows = [_row(sampler, _by_pair(cells, sampler), base) for sampler in samplers]
    lines += [row for _, row in sorted(rows, reverse=True)]
    return "\n".join(lines)


def _by_pair(cells: Sequence[dict[str, Any]], sampler: str) -> dict[tuple[str, int], Any]:
    return {(cell["task"], cell["seed"]): cell for cell in cells if cell["sampler"] == sampler}


def _row(sampler: str, own: dict[tuple[str, int], Any], base: Any) -> tuple[float, str]:
    pairs = [pair for pair in own if pair in base]
    ratios, reached, medians = [], [], []
    for share in SHARES:
        ratios.append(_ratio(pairs, own, base, share))
        units = np.array([_units(cell, share) for cell in own.values()])
        reached.append(str(int(np.isfinite(units).sum())))
        median = np.median(units)
        medians.append(f"{median:.1f}" if np.isfinite(median) else "never")
    area = float(np.mean([_area(cell) for cell in own.values()]))
    decisions = np.concatenate([cell["decisions_s"] for cell in own.values()])
    cells = [
        sampler,
        *ratios,
        f"{'/'.join(reached)} of {len(own)}",
        *medians,
        f"{area:.3f}",
        f"{decisions.mean():.2f} / {decisions.max():.2f}",
        f"{np.mean([cell['runs'] for cell in own.values()]):.0f}",
    ]
    return area, "| " + " | ".join(cells) + " |"


def _units(cell: dict[str, Any], share: float) -> float:
    """Spent when the share was reached within the budget, inf where it was not."""
    return next(
        (spent for spent, held in cell["steps"] if held >= share and spent <= cell["budget"]),
        np.inf,
    )


def _area(cell: dict[str, Any]) -> float:
    """Mean share held while the budget was spent."""
    steps = [(spent, held) for spent, held in cell["steps"] if spent < cell["budget"]]
    spent = np.array([0.0, *(step[0] for step in steps), cell["budget"]])
    held = np.array([0.0, *(step[1] for step in steps)])
    return float((np.diff(spent) * held).sum() / cell["budget"])


def _ratio(pairs: Sequence[tuple[str, int]], own: Any, base: Any, share: float) -> str:
    """Pairs in which neither arrived say nothing and are left out."""
    logs: dict[str, list[float]] = {}
    for pair in pairs:
        mine, theirs = _units(own[pair], share), _units(base[pair], share)
        if np.isfinite([mine, theirs]).any():
            budget = own[pair]["budget"]
            ratio = np.log(min(mine, budget) / min(theirs, budget))
            logs.setdefault(pair[0], []).append(float(ratio))
    if not logs:
        return "-"
    tasks = list(logs.values())
    centre = np.exp(np.mean(np.concatenate(tasks)))
    random = np.random.default_rng(0)
    drawn = random.integers(len(tasks), size=(DRAWS, len(tasks)))
    means = [np.mean(np.concatenate([tasks[index] for index in row])) for row in drawn]
    low, high = np.exp(np.quantile(means, [0.05, 0.95]))
    return f"{centre:.2f} [{low:.2f}, {high:.2f}]"
