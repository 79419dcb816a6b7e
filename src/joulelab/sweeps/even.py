"""An even sample of the space: a scrambled Sobol sequence, as Optuna's QMCSampler draws it.

Its own class, since Optuna's keeps its place in the sequence in the study, and leaves out what is
conditional.
"""

from __future__ import annotations

from joulelab.sweeps.asking import STEPS
from joulelab.sweeps.history import History, Proposal, Verdict
from joulelab.sweeps.space import Integer, Space
from joulelab.sweeps.trajectory.rungs import Rungs
from joulelab.sweeps.trajectory.start import configurations


class EvenStrategy:
    def __init__(
        self, space: Space, max_steps: int, *, seed: int = 0, first_step: int | None = None
    ) -> None:
        least = Rungs.up_to(max_steps, first_step).steps[0]
        steps = Integer(least, max_steps, log=True)
        self._space, self._seed = Space({**space.parameters, STEPS: steps}), seed

    def propose(self, history: History) -> Proposal:
        config = next(configurations(self._space, self._seed, len(history.trials)))
        return Proposal(until_step=int(config.pop(STEPS)), config=config)  # type: ignore[call-overload]

    def assess(self, history: History, number: int) -> Verdict:
        trial = history.trials[number]
        step = trial.points[-1].step if trial.points else 0
        return Verdict("go on" if step < trial.planned_steps else "stop", trial.planned_steps)
