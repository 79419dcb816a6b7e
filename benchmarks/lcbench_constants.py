"""The constants of a task's score, found anew: for tasks whose constants are not written down.

python -m benchmarks.lcbench_constants 167152
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from benchmarks.lcbench import GRID, Floats, Score, Surrogate, Task, folder, from_cube

RANDOM = 12_000
ROUNDS, CHILDREN = 12, 2_500
SDS = (0.2, 0.1, 0.05, 0.03)
BATCH = 1_000


def constants(surrogate: Surrogate, name: str) -> Task:
    """From 12,000 random configurations; the reference from 12 times 2,500 mutations of those on the
    front too: found, not proven."""
    generator = np.random.default_rng(0)
    units = generator.random((RANDOM, 7))
    seconds, errors = _curves(surrogate, name, units)
    c0 = float(np.log10(np.quantile(seconds[:, 0], 0.001)))
    c1 = float(np.log10(np.quantile(seconds[:, -1], 0.95)))
    task = Task(name, c0, c1, float(np.median(errors[:, -1])), 1.0, float(seconds[:, -1].mean()))
    score = Score(task)
    _add(score, seconds, errors)
    pool = _Pool(task, units, seconds, errors)
    for index in range(ROUNDS):
        parents = pool.owners[generator.integers(len(pool.owners), size=CHILDREN)]
        noise = generator.normal(0, SDS[index % len(SDS)], parents.shape)
        moved = generator.random(parents.shape) < 0.5
        children = np.clip(parents + noise * moved, 0, np.nextafter(1, 0))
        curves = _curves(surrogate, name, children)
        _add(score, *curves)
        pool.add(children, *curves)
    return Task(name, task.c0, task.c1, task.e_ref, score.share, task.unit_s)


class _Pool:
    """For each place of the grid the best error up to there and whose it is."""

    def __init__(self, task: Task, units: Floats, seconds: Floats, errors: Floats) -> None:
        self._grid_s = task.grid_s
        self._best = np.full(GRID, task.e_ref)
        self._units = np.full((GRID, 7), np.nan)
        self.add(units, seconds, errors)

    @property
    def owners(self) -> Floats:
        return np.unique(self._units[~np.isnan(self._units[:, 0])], axis=0)

    def add(self, units: Floats, seconds: Floats, errors: Floats) -> None:
        for unit, times, error in zip(units, seconds, errors, strict=True):
            epoch = np.searchsorted(times, self._grid_s, side="right") - 1
            reached = np.where(epoch >= 0, np.minimum.accumulate(error)[epoch], np.inf)
            better = reached < self._best
            self._best[better] = reached[better]
            self._units[better] = unit


def _curves(surrogate: Surrogate, name: str, units: Floats) -> tuple[Floats, Floats]:
    values = from_cube(units)
    parts = [
        surrogate.curves(name, values[start : start + BATCH])
        for start in range(0, len(values), BATCH)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _add(score: Score, seconds: Floats, errors: Floats) -> None:
    order = np.argsort(seconds, axis=None)
    times, best = seconds.ravel()[order], np.minimum.accumulate(errors.ravel()[order])
    falls = np.flatnonzero(np.diff(best, prepend=np.inf) < 0)
    for index in falls:
        score.add(float(times[index]), float(best[index]))


def main(names: Sequence[str]) -> None:
    where = folder()
    if where is None:
        raise SystemExit("JOULELAB_SHARED_DATA says where the surrogate lies: set it")
    surrogate = Surrogate(where)
    for name in names:
        print(constants(surrogate, name))


if __name__ == "__main__":
    main(sys.argv[1:])
