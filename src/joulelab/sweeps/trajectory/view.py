"""One history, seen in one mood: what is believed, and the ways to go on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from joulelab.sweeps.trajectory.appraisal import Appraisal
from joulelab.sweeps.trajectory.belief import Belief
from joulelab.sweeps.trajectory.curves import Curve
from joulelab.sweeps.trajectory.search import Way, new_ways, resumed_ways


@dataclass(frozen=True)
class View:
    """`paused` may be taken up again, each for `start`."""

    belief: Belief
    appraisal: Appraisal
    paused: tuple[Curve, ...]
    start: float

    def ways(self, random: np.random.Generator) -> list[Way]:
        """Those that promise anything, best first."""
        ways = resumed_ways(self.belief, self.appraisal, self.paused, self.start)
        categorical = self.belief.embedding.categorical
        ways += new_ways(self.belief, self.appraisal, categorical, random)
        return sorted((way for way in ways if way.score > 0), key=lambda way: -way.score)
