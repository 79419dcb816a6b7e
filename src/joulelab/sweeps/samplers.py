"""Strategies by name: every Optuna sampler, each also after a cheap start, and `trajectory`."""

from __future__ import annotations

import difflib
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from joulelab.errors import ConfigError
from joulelab.sweeps.history import Strategy
from joulelab.sweeps.optuna_strategy import Kind, Options, OptunaStrategy
from joulelab.sweeps.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

CHEAP_START = "_cheap_start"
POPULATION = 50
"""Optuna's own, of both NSGA samplers."""


def _random(seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed)


def _tpe(seed: int) -> BaseSampler:
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, n_startup_trials=1)


def _nsga2(seed: int) -> BaseSampler:
    from optuna.samplers import NSGAIISampler

    return NSGAIISampler(population_size=POPULATION, seed=seed)


def _nsga3(seed: int) -> BaseSampler:
    from optuna.samplers import NSGAIIISampler

    with warnings.catch_warnings():
        # That it is experimental was said for years, and would be said at every decision.
        warnings.simplefilter("ignore")
        return NSGAIIISampler(population_size=POPULATION, seed=seed)


def _gp(seed: int) -> BaseSampler:
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed, n_startup_trials=1, warn_independent_sampling=False)


def _cma_es(seed: int) -> BaseSampler:
    from optuna.samplers import CmaEsSampler

    if importlib.util.find_spec("cmaes") is None:
        raise ConfigError(
            "cma-es needs a package of its own", where="sweep.sampler", cure="pip install cmaes"
        )
    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("random", _random, "nothing"),
        Kind("tpe", _tpe, "last", most=1000, random_runs=10),
        Kind("nsga2", _nsga2, "last", generation=POPULATION),
        Kind("nsga3", _nsga3, "last", generation=POPULATION),
        Kind("gp", _gp, "last", most=200, random_runs=10),
        # Only what it drew itself moves its distribution rightly.
        Kind("cma-es", _cma_es, "last", replays=True, objectives=1),
    )
}


def names() -> list[str]:
    """All that `strategy` knows."""
    return sorted([*KINDS, *(name + CHEAP_START for name in KINDS), "grid", "qmc", "trajectory"])


def strategy(
    name: str,
    space: Space,
    max_steps: int,
    *,
    seed: int = 0,
    first_step: int | None = None,
    options: Options | None = None,
) -> Strategy:
    """`max_steps`: the longest run; `first_step`: where a run first reports. ConfigError where the
    name is not known, or the sampler needs a package that is not there."""
    build = _others().get(name)
    if build is not None:
        return build(space, max_steps, seed=seed, first_step=first_step)
    options = options or Options()
    base = name.removesuffix(CHEAP_START)
    if base not in KINDS:
        meant = str(name).lower().replace("iii", "3").replace("ii", "2")
        near = difflib.get_close_matches(meant, names(), n=1, cutoff=0.0)
        raise ConfigError(
            f"{name!r} is no sampler", where="sweep.sampler", cure=f"did you mean {near[0]}?"
        )
    cheap = options.cheap_start or name.endswith(CHEAP_START)
    chosen = replace(options, cheap_start=cheap)
    kind = KINDS[base]
    kind.make(seed)
    return OptunaStrategy(kind, space, max_steps, seed=seed, first_step=first_step, options=chosen)


def _others() -> dict[str, Callable[..., Strategy]]:
    from joulelab.sweeps.even import EvenStrategy
    from joulelab.sweeps.grid import GridStrategy
    from joulelab.sweeps.trajectory.strategy import Trajectory

    return {"grid": GridStrategy, "qmc": EvenStrategy, "trajectory": Trajectory}
