"""The search space as Optuna's tables keep it, for its samplers and its dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joulelab.sweeps.definition import plain
from joulelab.sweeps.parameters import freeze
from joulelab.sweeps.space import Choice, Integer, Parameter, Space


def optuna_params(
    space: Space, config: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and distributions of the active part of `config` as Optuna keeps them, under
    `names`. Options that Optuna cannot hold are texts there."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    params: dict[str, Any] = {}
    distributions: dict[str, Any] = {}
    for key in space.active(config):
        parameter, name = space.parameters[key], names.get(key, key)
        if isinstance(parameter, Choice):
            shown = [_scalar(option) for option in parameter.options]
            params[name] = shown[parameter.index(config[key])]
            distributions[name] = CategoricalDistribution(shown)
        elif isinstance(parameter, Integer):
            high = parameter.values()[-1]
            params[name] = int(config[key])
            distributions[name] = IntDistribution(
                parameter.low, high, log=parameter.log, step=parameter.step
            )
        else:
            params[name] = float(config[key])
            distributions[name] = FloatDistribution(
                parameter.low, parameter.high, log=parameter.log
            )
    return params, distributions


def renamed(old: Space, new: Space, names: Mapping[str, str]) -> dict[str, str]:
    """`names` by key with a fresh name for what Optuna would refuse under the old one: other
    options, another kind or another scale."""
    found = dict(names)
    for key, now in new.parameters.items():
        before = old.parameters.get(key)
        if before is None or _as_optuna_sees(before) == _as_optuna_sees(now):
            continue
        number = int(found[key].rpartition("(")[2][:-1]) if key in found else 1
        found[key] = f"{key} ({number + 1})"
    return found


def _as_optuna_sees(parameter: Parameter) -> Any:
    if isinstance(parameter, Choice):
        return freeze(plain(parameter.options))
    return type(parameter).__name__, parameter.log


def _scalar(option: Any) -> Any:
    return option if option is None or isinstance(option, bool | int | float | str) else str(option)
