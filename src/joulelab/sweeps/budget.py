"""What a sweep may spend: joules, seconds and runs, whichever is used up first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from joulelab.errors import ConfigError
from joulelab.units import duration, si


@dataclass(frozen=True)
class Spent:
    """Of all runs, failed ones included; `seconds` is the sum of the runs' durations."""

    joules: float = 0.0
    seconds: float = 0.0
    runs: int = 0


@dataclass(frozen=True)
class Budget:
    """None is no limit. ConfigError for a limit that is no number above 0."""

    joules: float | None = None
    seconds: float | None = None
    runs: int | None = None

    def __post_init__(self) -> None:
        for name, limit in self._limits():
            number = isinstance(limit, int | float) and not isinstance(limit, bool)
            if not number or not limit > 0:
                raise ConfigError(f"{limit!r} is no number above 0", where=KEYS[name])
        if self.runs is not None and self.runs != int(self.runs):
            raise ConfigError(f"{self.runs} is no whole number", where=KEYS["runs"])

    def left(self, spent: Spent) -> dict[str, float]:
        """By name of each limit, at least 0."""
        return {
            name: max(0.0, float(limit) - getattr(spent, name)) for name, limit in self._limits()
        }

    def used_up(self, spent: Spent) -> str | None:
        """Which limit is reached, as a person reads it; None where something is left."""
        for name, left in self.left(spent).items():
            if left <= 0:
                return f"the budget of {_shown(name, getattr(self, name))} is spent ({KEYS[name]})"
        return None

    def check_one_run(self, cost: Spent) -> None:
        """ConfigError where `cost`, that of one run, is more than the whole budget."""
        for name, limit in self._limits():
            needed = getattr(cost, name)
            if needed > limit:
                raise ConfigError(
                    f"{_shown(name, limit)} do not pay for one run, which takes about "
                    f"{_shown(name, needed)}",
                    where=KEYS[name],
                    cure=f"give {_shown(name, 10 * needed)} or more",
                )

    def _limits(self) -> list[tuple[str, Any]]:
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [(name, limit) for name, limit in named if limit is not None]


KEYS = {"joules": "sweep.budget_j", "seconds": "sweep.budget_s", "runs": "sweep.budget_runs"}


def _shown(name: str, amount: float) -> str:
    if name == "joules":
        return si(amount, "J")
    return duration(amount) if name == "seconds" else f"{amount:g} runs"
