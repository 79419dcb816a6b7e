"""What is run before a sampler is asked: configurations that somebody expects much of, and repeats of
what lies on the front and may be there by luck."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from joulelab.errors import ConfigError
from joulelab.sweeps import results
from joulelab.sweeps.history import History, Proposal, Strategy, Trial, Verdict
from joulelab.sweeps.space import Space

UNSURE = (0.1, 0.9)
"""A probability of being on the front between these earns a repeat."""
MOST_RUNS = 3
EVERY = 5
"""Trials from one look at the front to the next."""


class TriedFirst:
    """`configs` in their order, each once and up to `until_step`; then the strategy."""

    def __init__(
        self,
        strategy: Strategy,
        space: Space,
        configs: Sequence[Mapping[str, Any]],
        until_step: int,
    ) -> None:
        self._strategy, self._space = strategy, space
        self._configs, self._until_step = list(configs), until_step

    def propose(self, history: History) -> Proposal:
        known = {self._space.key(trial.config) for trial in history.trials.values()}
        self._configs = [each for each in self._configs if self._space.key(each) not in known]
        if self._configs:
            return Proposal(self._until_step, config=self._configs[0])
        return self._strategy.propose(history)

    def assess(self, history: History, number: int) -> Verdict:
        return self._strategy.assess(history, number)


class Repeats:
    """Spends up to `share` of the money on running points of the front again that are not sure to be
    there: the least sure one first, at most three runs each. While nothing was ever repeated nobody
    knows the noise, and so one in the middle of the front is, or a cheaper one. ConfigError for a
    share that is none."""

    def __init__(self, strategy: Strategy, space: Space, share: float) -> None:
        if isinstance(share, bool) or not 0 <= share < 1:
            raise ConfigError(
                f"{share} is not from 0 to below 1", where="sweep.repeat_share", cure="0 for none"
            )
        self._strategy, self._space, self._share = strategy, space, share

    def propose(self, history: History) -> Proposal:
        due = len(history.trials) % EVERY == 0 and self._share > 0
        return (self._repeat(history) if due else None) or self._strategy.propose(history)

    def assess(self, history: History, number: int) -> Verdict:
        return self._strategy.assess(history, number)

    def _repeat(self, history: History) -> Proposal | None:
        groups = self._groups(history)
        again = [trial for group in groups.values() for trial in group[1:]]
        left = self._share * history.spent - sum(_cost(trial) for trial in again)
        noise = results.noise_of(history)
        known = not any(map(math.isnan, noise))
        found = [each for each in results.front(history, list(noise)) if each.on_front]
        if not known:
            by = next((i for i, each in enumerate(history.objectives) if each.cost), 0)
            found.sort(key=lambda each: each.losses[by])
            found = found[: len(found) // 2 + 1][::-1]
        else:
            found = [each for each in found if UNSURE[0] <= each.probability <= UNSURE[1]]
            found.sort(key=lambda each: abs(each.probability - 0.5))
        for member in found:
            trial = history.trials[member.trials[0]]
            group = groups[self._space.key(trial.config)]
            at_rest = all(each.state in ("done", "failed") for each in group)
            if at_rest and len(group) < MOST_RUNS and _price(trial, member.step) <= left:
                return Proposal(member.step, config=trial.config, repeat=True)
        return None

    def _groups(self, history: History) -> dict[Any, list[Trial]]:
        """Trials by configuration; what the store answered is none of its own."""
        groups: dict[Any, list[Trial]] = {}
        for trial in history.trials.values():
            group = groups.setdefault(self._space.key(trial.config), [])
            if not any(each.points == trial.points and each.points for each in group):
                group.append(trial)
        return groups


def _price(trial: Trial, step: int) -> float:
    paid = [point.cost for point in trial.points if point.step <= step]
    return trial.start_cost + (paid[-1] if paid else math.inf)


def _cost(trial: Trial) -> float:
    return trial.start_cost + (trial.points[-1].cost if trial.points else 0.0)
