"""The values that one override spans: a parameter, or one value that is the same in every job."""

from __future__ import annotations

import math
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
    Sweep,
    ValueType,
)

from joulelab.errors import ConfigError
from joulelab.sweeps.space import Choice, Float, Integer, Parameter

LOG = "log"
ROOTS = ("sweep", "objectives")
"""Keys that speak to the sweeper; a sweep over them makes no sense."""


def text(value: Any) -> str:
    """A value as the right side of an override; strings were read from one and are one already."""
    return value if isinstance(value, str) else str(Override._get_value_element_as_str(value))


def spanned(override: Override, key: str) -> Parameter | str:
    """What the override varies over, or its text where it is one value."""
    if not override.is_sweep_override():
        return _text_of(override)
    if override.key_or_group in ROOTS:
        raise ConfigError("cannot vary within a sweep", where=key)
    sweep = override._value
    tags = set(sweep.tags) if isinstance(sweep, Sweep) else set()
    if tags - {LOG}:
        raise ConfigError(
            f"there is no tag {sorted(tags - {LOG})[0]!r}", where=key, cure="the only one is log"
        )
    if isinstance(sweep, IntervalSweep):
        return _interval(sweep, key, LOG in tags)
    if isinstance(sweep, RangeSweep):
        return _range(sweep, key, LOG in tags)
    options = _options(override, sweep, key)
    if LOG in tags and not all(_is_number(each) and each > 0 for each in options):
        raise ConfigError("a logarithm needs values above 0", where=key)
    return f"{key}={text(options[0])}" if len(options) == 1 else Choice(tuple(options))


def _text_of(override: Override) -> str:
    if override.is_delete():
        return str(override.input_line)
    return f"{override.get_key_element()}={override.get_value_element_as_str()}"


def _interval(sweep: IntervalSweep, key: str, log: bool) -> Parameter | str:
    """Ends belong to it where it is cast to whole numbers, `int(interval(1, 8))` is 1 to 8."""
    low, high = sweep.start, sweep.end
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        raise ConfigError("an interval needs two finite ends", where=key)
    if low > high:
        raise ConfigError(
            f"the interval from {low:g} to {high:g} is reversed",
            where=key,
            cure=f"say interval({high:g},{low:g})",
        )
    _check_log(low, key, log)
    if low == high:
        return f"{key}={text(low)}"
    if isinstance(low, int) and isinstance(high, int):
        return Integer(low, high, log=log)
    return Float(float(low), float(high), log=log)


def _range(sweep: RangeSweep, key: str, log: bool) -> Parameter | str:
    """Hydra's range: the stop is not among the values."""
    if sweep.step == 0:
        raise ConfigError("a range needs a step other than 0", where=key)
    values = sorted(sweep.range())
    if not values:
        raise ConfigError(
            f"the range from {sweep.start} to {sweep.stop} by {sweep.step} is empty",
            where=key,
            cure="its stop does not belong to it",
        )
    _check_log(values[0], key, log)
    if len(values) == 1:
        return f"{key}={text(values[0])}"
    step = abs(sweep.step)
    if all(isinstance(value, int) for value in values) and (step == 1 or not log):
        return Integer(values[0], values[-1], log=log, step=int(step))
    return Choice(tuple(values))


def _check_log(low: float, key: str, log: bool) -> None:
    if log and low <= 0:
        raise ConfigError(
            f"{low:g} has no logarithm", where=key, cure="start above 0, or leave out tag(log, ...)"
        )


def _options(override: Override, sweep: Any, key: str) -> list[Any]:
    """Numbers where all are numbers, else the texts; each once, in order."""
    if isinstance(sweep, ChoiceSweep):
        elements = list(sweep.list)
    else:
        elements = list(override.sweep_iterator())
        if override.value_type == ValueType.GLOB_CHOICE_SWEEP and not elements:
            raise ConfigError("no option of this group fits", where=f"{key}={_pattern(override)}")
    if all(_is_number(each) for each in elements):
        return list(dict.fromkeys(elements))
    return list(dict.fromkeys(str(Override._get_value_element_as_str(each)) for each in elements))


def _pattern(override: Override) -> str:
    return override.get_value_string() if override.input_line else "glob"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
