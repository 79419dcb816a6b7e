"""The steps at which curves are modelled and decided on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
GOLDEN_RATIO = (1 + math.sqrt(5)) / 2
# Below this share of the longest run a point costs next to nothing and tells next to nothing.
SHORTEST_SHARE = 1 / 52
# Two rungs closer than this factor say the same.
LEAST_RATIO = 1.3


@dataclass(frozen=True)
class Rungs:
    """`steps` rise by about the golden ratio up to the longest run: 1 2 3 5 8 12 20 32 52 of 52."""

    steps: tuple[int, ...]

    @classmethod
    def up_to(cls, longest: int, shortest: int | None = None) -> Rungs:
        """`shortest`: the first step at which a run reports (default: a 52nd of the longest)."""
        if longest < 1 or (shortest is not None and not 1 <= shortest <= longest):
            raise ValueError(f"no rungs between {shortest} and {longest} steps")
        least = shortest or max(1, round(longest * SHORTEST_SHARE))
        steps = {longest, least}
        step = longest / GOLDEN_RATIO
        while step > LEAST_RATIO * least:
            steps.add(max(least, round(step)))
            step /= GOLDEN_RATIO
        return cls(tuple(sorted(steps)))

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def half_way(self) -> int:
        """Index of the first rung that is at least half of the longest run."""
        return next(i for i, step in enumerate(self.steps) if 2 * step >= self.steps[-1])

    def reached(self, step: int) -> int:
        """How many rungs a run of `step` steps has behind it."""
        return sum(rung <= step for rung in self.steps)

    def positions(self, steps: npt.ArrayLike) -> Floats:
        """Log step, 0 at the shortest rung and 1 at the longest."""
        span = math.log(self.steps[-1] / self.steps[0]) or 1.0
        places: Floats = np.log(np.asarray(steps, dtype=float) / self.steps[0]) / span
        return places
