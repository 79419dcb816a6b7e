"""What a history has brought so far: its front, and the hypervolume over what was spent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joulelab.stats import front as fronts
from joulelab.sweeps.history import History, Point, Trial

RECENT = 0.25
"""Of the money spent: what the next joules buy is judged by what the last quarter bought."""


@dataclass(frozen=True)
class Member:
    """A trade-off that nothing beats: one point of the curve of one trial."""

    trial: Trial
    point: Point


@dataclass(frozen=True)
class Outlook:
    """At the recent pace, `per_cost` of the present hypervolume is gained for each unit of cost."""

    share: float
    cost: float


def credited(history: History) -> list[Member]:
    """Every point of every curve that keeps the constraints."""
    return [
        Member(trial, point)
        for trial in history.trials.values()
        if not (trial.violation is not None and trial.violation > 0)
        for point in trial.points
    ]


def front(history: History) -> list[Member]:
    """The non-dominated points, cheapest first; of equal ones the first."""
    every = credited(history)
    if not every:
        return []
    losses = np.array([member.point.losses for member in every])
    found = fronts.non_dominated(losses, ["min"] * losses.shape[1]).members
    by = next((index for index, each in enumerate(history.objectives) if each.cost), 0)
    unique = {member.point.losses: member for member in reversed(every_at(every, found))}
    return sorted(unique.values(), key=lambda member: member.point.losses[by])


def every_at(members: Sequence[Member], mask: Sequence[bool] | fronts.Bools) -> list[Member]:
    return [member for member, chosen in zip(members, mask, strict=True) if chosen]


def hypervolumes(history: History) -> list[tuple[float, float]]:
    """(spent, share of the final hypervolume) after each trial; empty for other than 2 objectives.

    A cost counts by its logarithm. The reference is the worst that any trial has shown, so the curve
    of a growing study may be redrawn, but one drawing is consistent in itself.
    """
    if len(history.objectives) != 2:
        return []
    every = [(member.trial.number, _scaled(history, member.point)) for member in credited(history)]
    every = [(number, losses) for number, losses in every if all(map(math.isfinite, losses))]
    if not every:
        return []
    reference = np.max([losses for _, losses in every], axis=0)
    by_number: dict[int, list[tuple[float, ...]]] = {}
    for number, losses in every:
        by_number.setdefault(number, []).append(losses)
    curve, kept, spent = [], np.empty((0, 2)), 0.0
    for number, trial in sorted(history.trials.items()):
        spent += trial.start_cost + (trial.points[-1].cost if trial.points else 0.0)
        if number in by_number:
            kept = np.vstack([kept, by_number[number]])
            kept = kept[fronts.non_dominated(kept, ["min", "min"]).members]
        curve.append((spent, fronts.hypervolume(kept, reference, ["min", "min"])))
    last = curve[-1][1]
    return [(spent, value / last) for spent, value in curve] if last > 0 else []


def outlook(curve: Sequence[tuple[float, float]], cost: float) -> Outlook | None:
    """What `cost` more would add, as a share of the present hypervolume, were the pace of the last
    quarter of the money to last; None before that can be said. An upper bound: gains fall."""
    if len(curve) < 4 or curve[-1][0] <= 0:
        return None
    spent = curve[-1][0]
    then = np.interp(spent * (1 - RECENT), [x for x, _ in curve], [y for _, y in curve])
    return Outlook(float(1.0 - then) / (spent * RECENT) * cost, cost)


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """`▁▂▄▆█`: shares from 0 to 1, at most `width` signs."""
    if not values:
        return ""
    signs = "▁▂▃▄▅▆▇█"
    count = min(width, max(2, len(values)))
    at = np.linspace(0, len(values) - 1, count)
    shown = np.interp(at, np.arange(len(values)), values)
    return "".join(signs[min(7, int(max(0.0, value) * 8))] for value in shown)


def _scaled(history: History, point: Point) -> tuple[float, ...]:
    return tuple(
        (math.log10(loss) if loss > 0 else math.nan) if objective.cost else loss
        for objective, loss in zip(history.objectives, point.losses, strict=True)
    )
