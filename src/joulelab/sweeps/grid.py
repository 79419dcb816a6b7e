"""The grid: every choice with every other, what most people search by. For comparison."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from joulelab.errors import ConfigError
from joulelab.sweeps.history import History, Proposal, Verdict
from joulelab.sweeps.space import Choice, Float, Integer, Parameter, Space

PER_INTERVAL = 5
"""Values on each interval, both ends among them; ours to choose, and said wherever it counts."""
MOST = 100_000


def values(parameter: Parameter) -> list[Any]:
    """Of a choice all, of an interval `PER_INTERVAL` evenly spaced ones on its own scale."""
    if isinstance(parameter, Choice):
        return list(parameter.options)
    count = PER_INTERVAL if isinstance(parameter, Float) else min(PER_INTERVAL, parameter.count)
    if count == 1:
        return [parameter.low]
    low, high = parameter.low, parameter.high
    found = np.geomspace(low, high, count) if parameter.log else np.linspace(low, high, count)
    if isinstance(parameter, Integer):
        return sorted({low + round((x - low) / parameter.step) * parameter.step for x in found})
    return [float(min(max(x, low), high)) for x in found]


def configurations(space: Space) -> Iterator[dict[str, Any]]:
    """Each once: what is not active does not multiply."""
    keys = list(space.parameters)
    seen = set()
    for row in itertools.product(*(values(each) for each in space.parameters.values())):
        config = dict(zip(keys, row, strict=True))
        config = {key: config[key] for key in space.active(config)}
        key = space.key(config)
        if key not in seen:
            seen.add(key)
            yield config


class GridStrategy:
    """All of the grid, each to its end, in an order drawn by the seed: stopped anywhere, it is a fair
    part of the grid. ConfigError for a grid that nobody would run."""

    def __init__(
        self, space: Space, max_steps: int, *, seed: int = 0, first_step: int | None = None
    ) -> None:
        size = int(np.prod([float(len(values(each))) for each in space.parameters.values()]))
        if size > MOST:
            raise ConfigError(
                f"a grid of {size} configurations is none to run",
                where="sweep.sampler",
                cure="choose gp_cheap_start",
            )
        grid = list(configurations(space))
        order = np.random.default_rng(seed).permutation(len(grid))
        self._grid: list[Mapping[str, Any]] = [grid[index] for index in order]
        self._space, self._max_steps = space, max_steps

    def propose(self, history: History) -> Proposal:
        known = {self._space.key(trial.config) for trial in history.trials.values()}
        left = (each for each in self._grid if self._space.key(each) not in known)
        return Proposal(self._max_steps, config=next(left, self._grid[0]))

    def assess(self, history: History, number: int) -> Verdict:
        return Verdict("go on", self._max_steps)
