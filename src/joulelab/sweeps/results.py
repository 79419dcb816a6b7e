"""What a study has found: its front and how sure that is, its worth over the money, its points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from joulelab.errors import ConfigError
from joulelab.stats import front as fronts
from joulelab.stats.front_probability import front_probability
from joulelab.stats.hypervolume import hypervolume_history
from joulelab.stats.uncertain import UncertainPoints
from joulelab.sweeps.history import History, Trial

Floats = npt.NDArray[np.float64]
CLEAR = 3.0
"""Beaten in everything by so many standard uncertainties of the difference: never on a front."""
DRAWS = 200


@dataclass(frozen=True)
class Member:
    """One trade-off: the trials of one configuration (its repeats) at one step, their mean losses.

    `probability` of its being on the front, NaN where the noise is not known.
    """

    trials: tuple[int, ...]
    step: int
    losses: tuple[float, ...]
    probability: float
    on_front: bool


def front(
    history: History, noise: Sequence[float] | None = None, draws: int = DRAWS
) -> list[Member]:
    """The points that nothing beats, and those with at least an even chance to be on the front,
    along the first objective. `noise`: see `noise_of`, which is asked where it is None."""
    groups = _groups(history)
    if not groups:
        return []
    means = np.array([_mean(group) for group in groups.values()])
    directions: list[fronts.Direction] = ["min"] * means.shape[1]
    members = fronts.non_dominated(means, directions).members
    of_one = noise_of(history) if noise is None else np.asarray(noise, dtype=float)
    relative = np.array([objective.cost for objective in history.objectives])
    counts = np.array([len({losses for _, losses in group}) for group in groups.values()])
    spread = of_one * np.where(relative, np.abs(means), 1.0) / np.sqrt(counts)[:, None]
    shares = _shares(means, spread, members, draws)
    found = [
        Member(
            tuple(number for number, _ in group),
            step,
            tuple(float(loss) for loss in means[index]),
            float(shares[index]),
            bool(members[index]),
        )
        for index, ((_, step), group) in enumerate(groups.items())
        if members[index] or shares[index] >= 0.5
    ]
    return sorted(found, key=lambda member: member.losses)


def noise_of(history: History) -> Floats:
    """(k,) standard deviation of one run's losses, pooled over the repeats in the history (n - 1
    degrees of freedom each); relative for a cost. NaN without repeats."""
    sums, freedom = np.zeros(len(history.objectives)), 0
    relative = np.array([objective.cost for objective in history.objectives])
    for group in _groups(history).values():
        if len(group) == 1:
            continue
        values = np.array(sorted({losses for _, losses in group}))
        if len(values) > 1:
            mean = values.mean(axis=0)
            scale = np.where(relative, np.abs(mean), 1.0)
            sums += (((values - mean) / scale) ** 2).sum(axis=0)
            freedom += len(values) - 1
    return np.sqrt(sums / freedom) if freedom else np.full(len(sums), math.nan)


@dataclass(frozen=True)
class Worth:
    """(n,) `volumes` dominated after each trial, by number, when `spent` (n,) had been paid; costs
    count by their log10. `reference` in the same axes, beyond which nothing counts."""

    spent: Floats
    volumes: Floats
    reference: tuple[float, ...]


def worth(history: History, reference: Sequence[float] | None = None) -> Worth:
    """Without a reference, in the history or given (losses; the cost not as its logarithm), it is
    the worst that any trial has shown: then only the curve's shape speaks."""
    chosen = reference if reference is not None else history.reference
    rows = [
        (number, point.losses)
        for number, trial in sorted(history.trials.items())
        if _counts(trial)
        for point in trial.points
    ]
    losses = np.array([losses for _, losses in rows]).reshape(len(rows), len(history.objectives))
    axes = _axes(history, losses)
    if chosen is not None:
        limit = _axes(history, np.asarray([chosen], dtype=float))[0]
    else:
        known = axes[np.isfinite(axes).all(axis=1)]
        limit = known.max(axis=0) if len(known) else np.zeros(len(history.objectives))
    volumes = hypervolume_history(axes, limit, ["min"] * len(limit))
    after = dict(zip((number for number, _ in rows), volumes, strict=True))
    numbers = sorted(history.trials)
    spent = np.cumsum([history.trials[n].start_cost + _paid(history.trials[n]) for n in numbers])
    known_volumes = np.maximum.accumulate([after.get(number, 0.0) for number in numbers] or [0.0])
    return Worth(spent, known_volumes[: len(numbers)], tuple(float(each) for each in limit))


def export(history: History, path: Path) -> None:
    """One row a point: trial, state, step, cost, objectives as a person reads them, parameters.
    CSV or Parquet by the file's suffix, ConfigError for another."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for number, trial in history.trials.items():
        for point in trial.points:
            signs = [1 if each.direction == "minimize" else -1 for each in history.objectives]
            named = zip(history.objectives, signs, point.losses, strict=True)
            rows.append(
                {"trial": number, "state": trial.state, "step": point.step, "cost": point.cost}
                | {each.name: sign * loss for each, sign, loss in named}
                | {"violation": trial.violation}
                | {f"params/{key}": value for key, value in trial.config.items()}
            )
    table = pd.DataFrame(rows)
    partial = path.with_name(f".{path.name}.partial")
    if path.suffix == ".csv":
        table.to_csv(partial, index=False)
    elif path.suffix == ".parquet":
        table.to_parquet(partial, index=False)
    else:
        raise ConfigError(
            f"{path.suffix or 'no suffix'} is no table",
            where=str(path),
            cure="say .csv or .parquet",
        )
    partial.replace(path)


def _groups(history: History) -> dict[tuple[Any, int], list[tuple[int, tuple[float, ...]]]]:
    """Repeats together: (number, losses) by configuration and step."""
    groups: dict[tuple[Any, int], list[tuple[int, tuple[float, ...]]]] = {}
    for number, trial in history.trials.items():
        place = tuple(None if math.isnan(each) else each for each in trial.unit)
        for point in trial.points if _counts(trial) else ():
            if all(math.isfinite(loss) for loss in point.losses):
                groups.setdefault((place, point.step), []).append((number, point.losses))
    return groups


def _mean(group: list[tuple[int, tuple[float, ...]]]) -> tuple[float, ...]:
    if len(group) == 1:
        return group[0][1]
    return tuple(fmean(column) for column in zip(*(losses for _, losses in group), strict=True))


def _shares(means: Floats, spread: Floats, members: fronts.Bools, draws: int) -> Floats:
    """Probabilities, drawn among those that have a chance at all."""
    shares: Floats = np.zeros(len(means))
    if np.isnan(spread).any():
        return np.where(members, math.nan, 0.0)
    chance = np.ones(len(means), dtype=bool)
    for mean, u in zip(means[members], spread[members], strict=True):
        chance &= ~(means - mean > CLEAR * np.hypot(spread, u)).all(axis=1)
    chance |= members
    directions: list[fronts.Direction] = ["min"] * means.shape[1]
    points = UncertainPoints(means[chance], spread[chance])
    shares[chance] = front_probability(points, directions, draws)
    return shares


def _axes(history: History, losses: Floats) -> Floats:
    found = losses.astype(float, copy=True)
    for column, objective in enumerate(history.objectives):
        if objective.cost:
            with np.errstate(divide="ignore", invalid="ignore"):
                found[:, column] = np.log10(found[:, column])
    return np.where(np.isfinite(found), found, math.nan)


def _counts(trial: Trial) -> bool:
    return trial.violation is None or trial.violation <= 0


def _paid(trial: Trial) -> float:
    return trial.points[-1].cost if trial.points else 0.0
