"""A search space in Optuna's words: every trial also chooses how many steps it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from joulelab.errors import ConfigError
from joulelab.sweeps.space import Choice, Float, Integer, Parameter, Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial as OptunaTrial

# A blank: no key of a configuration can be it.
STEPS = "number of steps"


class Asking:
    """Options are told as their numbers, since Optuna takes only plain values for categories and
    holds 1 and true for the same."""

    def __init__(self, space: Space, least_steps: int, most_steps: int) -> None:
        from optuna.distributions import IntDistribution

        self._space = space
        self._of_key = {key: _distribution(each) for key, each in space.parameters.items()}
        self._of_steps = IntDistribution(least_steps, most_steps, log=True)

    def params(self, config: Mapping[str, Any], steps: int) -> dict[str, Any]:
        """As Optuna is told of a trial that ran `steps`; active keys only."""
        told = {key: self._told(key, config[key]) for key in self._space.active(config)}
        # A run may end before the least number of steps that one is started for.
        told[STEPS] = min(max(steps, self._of_steps.low), self._of_steps.high)
        return told

    def distributions(self, params: Mapping[str, Any]) -> dict[str, BaseDistribution]:
        return {key: self._of_steps if key == STEPS else self._of_key[key] for key in params}

    def ask(self, trial: OptunaTrial) -> tuple[dict[str, Any], int]:
        """Configuration (active keys, in the space's order) and number of steps."""
        config: dict[str, Any] = {}
        while waiting := self._next(config):
            for key in waiting:
                told = _suggested(trial, key, self._of_key[key])
                config[key] = self._value(key, told)
        steps = int(_suggested(trial, STEPS, self._of_steps))
        return {key: config[key] for key in self._space.parameters if key in config}, steps

    def _next(self, config: Mapping[str, Any]) -> list[str]:
        """Keys that are active and all of whose conditions are decided."""
        parameters = self._space.parameters
        return [
            key
            for key in self._space.active(config)
            if key not in config and all(other in config for other in parameters[key].when)
        ]

    def _told(self, key: str, value: Any) -> Any:
        parameter = self._space.parameters[key]
        try:
            return parameter.index(value) if isinstance(parameter, Choice) else value
        except ConfigError as error:
            raise ConfigError(error.what, where=key) from None

    def _value(self, key: str, told: Any) -> Any:
        parameter = self._space.parameters[key]
        return parameter.options[told] if isinstance(parameter, Choice) else told


def _suggested(trial: OptunaTrial, key: str, distribution: BaseDistribution) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match distribution:
        case FloatDistribution(low=low, high=high, log=log):
            return trial.suggest_float(key, low, high, log=log)
        case IntDistribution(low=least, high=most, log=log, step=step):
            return trial.suggest_int(key, least, most, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(key, choices)
        case _:
            raise TypeError(f"{distribution} is none that a space is told as")


def _distribution(parameter: Parameter) -> BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    match parameter:
        case Float(low, high, log):
            return FloatDistribution(low, high, log=log)
        case Integer(low, _, log, step):
            last = low + (parameter.count - 1) * step
            return IntDistribution(low, last, log=log, step=step)
        case Choice(options):
            return CategoricalDistribution(range(len(options)))
