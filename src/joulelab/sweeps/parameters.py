"""What one parameter may be, and its place on the unit interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joulelab.errors import ConfigError

BELOW_ONE = math.nextafter(1.0, 0.0)
When = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Float:
    """A number from `low` to `high`; `log`: every factor weighs the same.

    `when` (of every kind of parameter): active only where each of these other parameters is active
    and has one of these values.
    """

    low: float
    high: float
    log: bool = False
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_ends(self.low, self.high, self.log)

    def to_unit(self, value: Any) -> float:
        number = _number(value)
        _check_within(number, self.low, self.high)
        return min(_share(number, self.low, self.high, self.log), BELOW_ONE)

    def from_unit(self, unit: float) -> float:
        return min(max(_at(unit, self.low, self.high, self.log), self.low), self.high)

    def same(self, value: Any) -> float:
        """The value in the form in which equal ones are equal."""
        return float(value)


@dataclass(frozen=True)
class Integer:
    """low, low + step ... up to `high`, which belongs to it if a step ends there."""

    low: int
    high: int
    log: bool = False
    step: int = 1
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in (self.low, self.high, self.step):
            if isinstance(number, bool) or not isinstance(number, int):
                raise ConfigError(f"{number!r} is not a whole number")
        _check_ends(self.low, self.high, self.log)
        if self.step < 1:
            raise ConfigError(f"a step of {self.step} never arrives", cure="give a step from 1")
        if self.log and self.step != 1:
            raise ConfigError("a logarithmic scale has no step", cure="leave out log or the step")

    @property
    def count(self) -> int:
        return (self.high - self.low) // self.step + 1

    def values(self) -> range:
        return range(self.low, self.high + 1, self.step)

    def to_unit(self, value: Any) -> float:
        number = _number(value)
        if number != int(number) or (int(number) - self.low) % self.step:
            raise ConfigError(f"{value} is none of {self.low}, {self.low + self.step} ...")
        _check_within(number, self.low, self.high)
        if self.log:
            return _share(number, self.low - 0.5, self.high + 0.5, log=True)
        return ((int(number) - self.low) // self.step + 0.5) / self.count

    def from_unit(self, unit: float) -> int:
        if self.log:
            value = round(_at(unit, self.low - 0.5, self.high + 0.5, log=True))
            return min(max(value, self.low), self.high)
        return self.low + self.step * min(int(unit * self.count), self.count - 1)

    def same(self, value: Any) -> int:
        return int(value)


@dataclass(frozen=True)
class Choice:
    """One of `options`, which have no order; in the unit interval each has a share of its own."""

    options: Sequence[Any]
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.options:
            raise ConfigError("nothing to choose from")
        frozen = [freeze(option) for option in self.options]
        if len(set(frozen)) < len(frozen):
            raise ConfigError(f"{list(self.options)} offers an option twice")

    @property
    def count(self) -> int:
        return len(self.options)

    def values(self) -> Sequence[Any]:
        return self.options

    def index(self, value: Any) -> int:
        """ConfigError where it is no option. 1, 1.0 and true are told apart where all are options."""
        frozen = [freeze(option) for option in self.options]
        if freeze(value) in frozen:
            return frozen.index(freeze(value))
        for index, option in enumerate(self.options):
            if option == value:
                return index
        raise ConfigError(f"{value!r} is none of {list(self.options)}")

    def to_unit(self, value: Any) -> float:
        return (self.index(value) + 0.5) / len(self.options)

    def from_unit(self, unit: float) -> Any:
        return self.options[min(int(unit * len(self.options)), len(self.options) - 1)]

    def same(self, value: Any) -> Any:
        return freeze(self.options[self.index(value)])


Parameter = Float | Integer | Choice


def freeze(value: Any) -> Any:
    """Hashable, and different for values of different type."""
    if isinstance(value, Mapping):
        items = ((str(key), freeze(item)) for key, item in value.items())
        return ("mapping", *sorted(items, key=lambda item: item[0]))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ("sequence", *(freeze(item) for item in value))
    return (type(value).__name__, value)


def _check_ends(low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ConfigError(f"the interval from {low} to {high} has no end")
    if low > high:
        raise ConfigError(
            f"the interval from {low} to {high} is reversed", cure=f"give {high}, {low}"
        )
    if log and low <= 0:
        raise ConfigError(
            f"a logarithmic interval cannot begin at {low}", cure="begin above 0, or leave out log"
        )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{value!r} is not a number")
    return value


def _check_within(number: float, low: float, high: float) -> None:
    if not low <= number <= high:
        raise ConfigError(f"{number} is not within {low} and {high}")


def _share(number: float, low: float, high: float, log: bool) -> float:
    if low == high:
        return 0.5
    if log:
        return math.log(number / low) / math.log(high / low)
    # Halves, since the span of two large numbers may be infinite.
    return (number / 2 - low / 2) / (high / 2 - low / 2)


def _at(unit: float, low: float, high: float, log: bool) -> float:
    if log:
        return math.exp((1 - unit) * math.log(low) + unit * math.log(high))
    return (1 - unit) * low + unit * high
