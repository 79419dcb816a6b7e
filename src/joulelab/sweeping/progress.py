"""What a history has brought so far: its front, and the hypervolume over what was spent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joulelab.sweeps import results
from joulelab.sweeps.history import History, Trial

RECENT = 0.25
"""Of the money spent: what the next joules buy is judged by what the last quarter bought."""


@dataclass(frozen=True)
class Member:
    """A trade-off that nothing beats: one step of one configuration, the mean over its repeats.
    `probability` of its being on the front, NaN where nothing was repeated."""

    trial: Trial
    numbers: tuple[int, ...]
    step: int
    losses: tuple[float, ...]
    probability: float


@dataclass(frozen=True)
class Outlook:
    """At the recent pace, `per_cost` of the present hypervolume is gained for each unit of cost."""

    share: float
    cost: float


def front(history: History, probabilities: bool = False) -> list[Member]:
    """The non-dominated points of all curves, cheapest first. Their `probabilities` take a second or
    so in a study of a thousand trials."""
    noise = None if probabilities else [math.nan] * len(history.objectives)
    by = next((index for index, each in enumerate(history.objectives) if each.cost), 0)
    found = [
        Member(
            history.trials[each.trials[0]], each.trials, each.step, each.losses, each.probability
        )
        for each in results.front(history, noise)
        if each.on_front
    ]
    return sorted(
        {each.losses: each for each in reversed(found)}.values(), key=lambda m: m.losses[by]
    )


def hypervolumes(history: History) -> list[tuple[float, float]]:
    """(spent, share of the final hypervolume) after each trial; empty where there is none.

    A cost counts by its logarithm. The reference is the worst that any trial has shown, so the curve
    of a growing study may be redrawn, but one drawing is consistent in itself.
    """
    if not any(trial.points for trial in history.trials.values()):
        return []
    worth = results.worth(history)
    last = float(worth.volumes[-1])
    if last <= 0:
        return []
    return [
        (float(spent), float(volume) / last)
        for spent, volume in zip(worth.spent, worth.volumes, strict=True)
    ]


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
