"""The cheap start: a few very short runs, spread evenly over the space.

They cost about what one run of random length does, and show where configurations are cheap and
where they learn; most of what any sampler gains early comes from them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from joulelab.sweeps.history import History, Proposal
from joulelab.sweeps.space import Space
from joulelab.sweeps.trajectory.curves import start_cost
from joulelab.sweeps.trajectory.rungs import Rungs

Floats = npt.NDArray[np.float64]
TOP = float(np.nextafter(1.0, 0.0))
# Rungs of the runs in turn: mostly the second and third, one longer for a first sight of a curve.
RUNG_OF_RUN = (2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 4)
TRIES = 64


def start_runs(dimensions: int) -> int:
    """11 up to seven parameters, then as many as it takes to see each vary."""
    return max(len(RUNG_OF_RUN), dimensions + 4)


def starting(space: Space, rungs: Rungs, seed: int, history: History) -> Proposal | None:
    """The next run of the start; None where the space has no configuration left."""
    number = len(history.trials)
    rung = RUNG_OF_RUN[number % len(RUNG_OF_RUN)]
    step = rungs.steps[min(max(rung, worthwhile_rung(history, rungs)), len(rungs) - 1)]
    known = {space.key(trial.config) for trial in history.trials.values()}
    for config in configurations(space, seed, number):
        if space.key(config) not in known:
            return Proposal(until_step=step, config=config)
    return None


def configurations(space: Space, seed: int, first: int) -> Iterator[dict[str, object]]:
    """The Sobol points from `first` on; those after `TRIES` were taken are not tried."""
    for index in range(first, first + TRIES):
        yield space.from_unit(tuple(sobol(space.size, index, seed).tolist()))


def worthwhile_rung(history: History, rungs: Rungs) -> int:
    """The first rung that costs as much as the set-up of a job does: below it a longer run is nearly
    as cheap. At most halfway up; 0 while nothing is known."""
    rates = [
        trial.points[-1].cost / trial.points[-1].step
        for trial in history.trials.values()
        if trial.points and trial.points[-1].step > 0
    ]
    if not rates:
        return 0
    steps = start_cost(history) / max(float(np.median(rates)), 1e-300)
    rung = int(np.searchsorted(rungs.steps, steps, side="left"))
    return min(rung, len(rungs) // 2)


def sobol(dimensions: int, index: int, seed: int) -> Floats:
    """(d,) point `index` of the scrambled Sobol sequence of this seed."""
    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng([seed, 0]))
    if index:  # SciPy refuses to go forward by none
        sequence.fast_forward(index)
    point: Floats = np.minimum(sequence.random(1)[0], TOP)
    return point
