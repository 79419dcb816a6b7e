"""What is to be improved: one loss against cost, its ideal, and where either stops to count.

Where the history names no reference it is read off the first runs, which sample the space evenly:
for a loss what the best fifth of them ended at (they are short: about what half of all would reach in
full runs), for cost the upper decile of what they would have cost if each had run to the last step at
its own cost per step. Only those runs count, so that the axes stand still once they are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.errors import ConfigError
from joulelab.sweeps.history import History, Point, Trial

Floats = npt.NDArray[np.float64]
# Added to the largest weighted loss, so that a gain in any other loss still counts (Knowles 2006).
AUGMENTATION = 0.05
WEIGHT_POOL = 8
BEST_SHARE = 0.2


def loss_columns(history: History) -> list[int]:
    columns = [i for i, objective in enumerate(history.objectives) if not objective.cost]
    if not columns:
        raise ConfigError(
            "the trajectory sampler has nothing to improve",
            where="objectives",
            cure="name a metric beside the cost",
        )
    return columns


def usable(trial: Trial, columns: Sequence[int]) -> list[Point]:
    """Points with a cost and every loss."""
    if not trial.points:
        return []
    values = [(p.step, p.cost, *(p.losses[c] for c in columns)) for p in trial.points]
    table = np.array(values, dtype=float)
    good = np.isfinite(table).all(axis=1) & (table[:, 0] > 0) & (table[:, 1] > 0)
    return [point for point, is_good in zip(trial.points, good, strict=True) if is_good]


class Reader:
    """`usable` points of trials, remembered while a trial has the same ones."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[int, ...]], tuple[object, list[Point], Floats]] = {}

    def read(self, trial: Trial, columns: Sequence[int]) -> tuple[list[Point], Floats]:
        """The points, and (m, L) their losses."""
        key = (trial.number, tuple(columns))
        known = self._known.get(key)
        if known is None or known[0] is not trial.points:
            points = usable(trial, columns)
            losses = np.array([[p.losses[c] for c in columns] for p in points])
            known = self._known[key] = (trial.points, points, losses)
        return known[1], known[2]


@dataclass(frozen=True)
class Problem:
    """`weights`: one a loss, the largest 1."""

    columns: tuple[int, ...]
    ideal: Floats
    nadir: Floats
    weights: Floats
    cost_reference: float

    @property
    def reference(self) -> float:
        """The loss, as `losses` gives it, beyond which nothing counts."""
        return float(self.losses(self.nadir[None])[0])

    def losses(self, raw: Floats) -> Floats:
        """(n,) of (n, L): how far from the ideal; several losses by augmented Chebyshev weights."""
        if len(self.columns) == 1:
            return np.asarray(raw[:, 0] - self.ideal[0])
        shares = self.weights * (raw - self.ideal) / (self.nadir - self.ideal)
        joined: Floats = shares.max(axis=1) + AUGMENTATION * shares.sum(axis=1)
        return joined

    def of(self, points: Sequence[Point]) -> Floats:
        return self.losses(np.array([[p.losses[c] for c in self.columns] for p in points]))


def weights_of(decision: int, losses: int, seed: int) -> Floats:
    """One of a few vectors, drawn evenly from the simplex by the seed: few, so that a model fitted
    to one of them serves again."""
    if losses == 1:
        return np.ones(1)
    pool = np.random.default_rng([seed, losses]).dirichlet(np.ones(losses), WEIGHT_POOL)
    drawn = pool[decision % WEIGHT_POOL]
    weights: Floats = drawn / drawn.max()
    return weights


def derive(
    history: History,
    first_runs: int,
    longest: int,
    weights: Floats,
    reader: Reader | None = None,
) -> Problem | None:
    """None while no run has a usable point."""
    columns, reader = loss_columns(history), reader or Reader()
    read = {n: reader.read(trial, columns) for n, trial in sorted(history.trials.items())}
    curves = {n: points for n, (points, _) in read.items() if points}
    if not curves:
        return None
    early = [points for n, points in curves.items() if n < first_runs] or list(curves.values())
    ended = np.array([[points[-1].losses[c] for c in columns] for points in early])
    seen = np.concatenate([losses for points, losses in read.values() if points])
    nadir, cost_reference = np.quantile(ended, BEST_SHARE, axis=0), None
    if history.reference is not None:
        nadir = np.array([history.reference[c] for c in columns])
        costs = [i for i, objective in enumerate(history.objectives) if objective.cost]
        cost_reference = history.reference[costs[0]] if costs else None
    if cost_reference is None:
        full = [points[-1].cost / points[-1].step * longest for points in early]
        cost_reference = float(np.quantile(full, 0.9))
    ideal = ideal_of(seen, nadir)
    nadir = np.where(nadir > ideal, nadir, ideal + np.maximum(np.abs(ideal), 1.0) * 1e-6)
    return Problem(tuple(columns), ideal, nadir, weights, cost_reference)


def ideal_of(seen: Floats, nadir: Floats) -> Floats:
    """(L,) what cannot be beaten: 0 for losses that are never negative; -1 for those between -1 and
    0 (an accuracy or F1 that is maximised); else as far below the best as the best is below the
    reference."""
    best, worst = seen.min(axis=0), seen.max(axis=0)
    guess = best - np.maximum(nadir - best, 1e-6 * np.maximum(np.abs(best), 1.0))
    share = (best >= -1) & (worst <= 0)
    ideal: Floats = np.where(best >= 0, 0.0, np.where(share, -1.0, guess))
    return ideal
