"""The `sweep` node of the configuration, checked."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from joulelab.errors import ConfigError
from joulelab.sweeps.budget import Budget
from joulelab.sweeps.history import Objective
from joulelab.sweeps.objectives import COSTS, parse

ENERGY, DURATION = COSTS
UNITS = {ENERGY: "J", DURATION: "s"}


@dataclass(frozen=True)
class Settings:
    """`budget_*`: whichever is used up first ends the sweep."""

    study: str | None = None
    budget_j: float | None = None
    budget_s: float | None = None
    budget_runs: int | None = None
    sampler: str = "random"
    seed: int = 0
    workers: int = 1
    retries: int = 1
    constraints: Sequence[str] = ()
    directions: Mapping[str, str] | None = None
    extend: bool = False
    stop: Mapping[str, float] | None = None
    resume: bool = True
    prior: Any = None
    repeat_share: float = 0.1
    storage: str | None = None

    @classmethod
    def of(cls, node: Mapping[str, Any]) -> Settings:
        """ConfigError for a value that no sweep can have."""
        known = {each.name for each in fields(cls)}
        settings = cls(**{key: value for key, value in node.items() if key in known})
        settings._check()
        return settings

    @property
    def budget(self) -> Budget:
        return Budget(self.budget_j, self.budget_s, self.budget_runs)

    def objectives(self, texts: Sequence[str]) -> tuple[Objective, ...]:
        return parse(texts, self.directions, self.cost(texts))

    def cost(self, texts: Sequence[str]) -> str:
        """What the budget is counted in: joules, or seconds where nothing speaks of joules."""
        energy = self.budget_j is not None or any(str(text).endswith(ENERGY) for text in texts)
        return ENERGY if energy else DURATION

    def name(self) -> str:
        """The study's name; one without a name gets the time it began."""
        return str(self.study) if self.study else time.strftime("%Y-%m-%d_%H-%M-%S")

    def _check(self) -> None:
        if self.budget_j is None and self.budget_s is None and self.budget_runs is None:
            raise ConfigError(
                "a sweep needs one",
                where="sweep.budget_j",
                cure="say sweep.budget_j=..., sweep.budget_s=... or sweep.budget_runs=...",
            )
        _ = self.budget
        for key, number, least in (("workers", self.workers, 1), ("retries", self.retries, 0)):
            if not isinstance(number, int) or isinstance(number, bool) or number < least:
                raise ConfigError(f"{number} is not a number from {least}", where=f"sweep.{key}")
        if self.study is not None and (not str(self.study) or "/" in str(self.study)):
            raise ConfigError(f"{self.study!r} is no name for a folder", where="sweep.study")
