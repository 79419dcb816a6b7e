"""A search space: named parameters, some active only under values of others, as a unit cube."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any

from joulelab.errors import ConfigError
from joulelab.sweeps.parameters import Choice, Float, Integer, Parameter

__all__ = ["Choice", "Float", "Integer", "Parameter", "Space"]


class Space:
    """Parameters by key, in the order of the unit coordinates.

    ConfigError for a condition that can never be met: on a key that is no parameter, on a value
    that it never has, or in a circle.
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.parameters = dict(parameters)
        for key, parameter in self.parameters.items():
            for other, allowed in parameter.when.items():
                self._check_condition(key, other, allowed)

    @property
    def size(self) -> int:
        """How many parameters, each one coordinate."""
        return len(self.parameters)

    @property
    def count(self) -> float:
        """How many configurations do different work, infinite with an active Float."""
        return self._count({})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.parameters == other.parameters

    __hash__ = None  # type: ignore[assignment]

    def active(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Keys that count in `config`, in the space's order; values of the others are ignored."""
        chosen: dict[str, bool] = {}
        for key in self.parents_first:
            chosen[key] = all(
                chosen[other] and any(value == config.get(other) for value in allowed)
                for other, allowed in self.parameters[key].when.items()
            )
        return tuple(key for key in self.parameters if chosen[key])

    def to_unit(self, config: Mapping[str, Any]) -> tuple[float, ...]:
        """(size,) coordinates in [0, 1), NaN where a parameter is not active: bins of whole numbers
        and options at their middle. ConfigError for a value that the space does not hold."""
        active = set(self.active(config))
        return tuple(
            self._coordinate(key, config) if key in active else math.nan for key in self.parameters
        )

    def from_unit(self, unit: tuple[float, ...]) -> dict[str, Any]:
        """The configuration at (size,) coordinates, of active parameters only; a coordinate of an
        inactive one is ignored, NaN for an active one is a ValueError."""
        if len(unit) != self.size:
            raise ValueError(f"{len(unit)} coordinates for {self.size} parameters")
        places = dict(zip(self.parameters, unit, strict=True))
        config: dict[str, Any] = {}
        for key in self.parents_first:
            parameter = self.parameters[key]
            if not all(
                other in config and any(value == config[other] for value in allowed)
                for other, allowed in parameter.when.items()
            ):
                continue
            if math.isnan(places[key]):
                raise ValueError(f"{key} is active here and has no coordinate")
            config[key] = parameter.from_unit(places[key])
        return {key: config[key] for key in self.parameters if key in config}

    def key(self, config: Mapping[str, Any]) -> tuple[tuple[str, Hashable], ...]:
        """Equal for configurations that do the same work: inactive parameters do not count."""
        return tuple(
            (key, self.parameters[key].same(self._value(key, config)))
            for key in self.active(config)
        )

    @cached_property
    def parents_first(self) -> tuple[str, ...]:
        """Keys, each after those that its activity depends on."""
        ordered: list[str] = []
        waiting = dict(self.parameters)
        while waiting:
            ready = [key for key, each in waiting.items() if not waiting.keys() & each.when.keys()]
            if not ready:
                raise ConfigError(
                    "each is active only under the other", where=" and ".join(sorted(waiting))
                )
            ordered += ready
            for key in ready:
                del waiting[key]
        return tuple(ordered)

    def _count(self, chosen: Mapping[str, Any]) -> float:
        """Walks the values that conditions ask for, multiplies the rest."""
        deciding = {key for each in self.parameters.values() for key in each.when}
        active = self.active(chosen)
        total = 1.0
        for key in active:
            parameter = self.parameters[key]
            if isinstance(parameter, Float):
                total = math.inf if parameter.low < parameter.high else total
            elif key not in deciding:
                total *= parameter.count
            elif key not in chosen:
                return sum(self._count({**chosen, key: value}) for value in parameter.values())
        return total

    def _check_condition(self, key: str, other: str, allowed: Any) -> None:
        if other not in self.parameters:
            raise ConfigError(f"depends on {other}, which does not vary", where=key)
        parent = self.parameters[other]
        for value in allowed:
            try:
                parent.to_unit(value)
            except ConfigError as error:
                raise ConfigError(f"depends on {other}: {error.what}", where=key) from None
        self.parents_first  # noqa: B018  (a circle is an error now, not at the first trial)

    def _coordinate(self, key: str, config: Mapping[str, Any]) -> float:
        try:
            return self.parameters[key].to_unit(self._value(key, config))
        except ConfigError as error:
            raise ConfigError(error.what, where=key) from None

    def _value(self, key: str, config: Mapping[str, Any]) -> Any:
        if key not in config:
            raise ConfigError("has no value, though it is active", where=key)
        return config[key]
