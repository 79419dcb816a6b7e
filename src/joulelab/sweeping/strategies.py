"""The strategy that the `sweep` node asks for: a sampler, and what stands around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from joulelab.sweeping.settings import Settings
from joulelab.sweeps.first import Repeats, TriedFirst
from joulelab.sweeps.history import Strategy
from joulelab.sweeps.samplers import strategy
from joulelab.sweeps.space import Space
from joulelab.sweeps.trajectory.rungs import Rungs

SHORT = 2
"""The rung up to which what a prior recommends is run first: the third, as `trajectory` begins."""


def strategy_of(
    settings: Settings, space: Space, longest: int, first: Sequence[Mapping[str, Any]] = ()
) -> Strategy:
    """ConfigError for a sampler, or options of it, that there are not."""
    found = _sampler(settings, space, longest)
    if settings.stop:
        from joulelab.sweeps.pruning import StopsDominated

        found = StopsDominated(found, seed=settings.seed, **settings.stop)
    found = Repeats(found, space, settings.repeat_share)
    if first:
        steps = Rungs.up_to(longest, None).steps
        found = TriedFirst(found, space, first, steps[min(SHORT, len(steps) - 1)])
    return found


def _sampler(settings: Settings, space: Space, longest: int) -> Strategy:
    if settings.sampler != "trajectory":
        return strategy(settings.sampler, space, longest, seed=settings.seed)
    from joulelab.sweeps.trajectory.strategy import Settings as Habits
    from joulelab.sweeps.trajectory.strategy import Trajectory

    habits = Habits(resume=settings.resume)
    return Trajectory(space, longest, seed=settings.seed, settings=habits)
