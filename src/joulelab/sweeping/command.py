"""`python train.py -m hydra/sweeper=pareto ...`, from its words to the closing table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from joulelab import config, train
from joulelab.errors import ConfigError
from joulelab.sweeping import closing, grammar
from joulelab.sweeping.book import StudyBook
from joulelab.sweeping.launching import Launching
from joulelab.sweeping.loop import Loop
from joulelab.sweeping.pausing import Pausing
from joulelab.sweeping.screen import SweepScreen
from joulelab.sweeping.settings import UNITS, Settings
from joulelab.sweeping.showing import keep
from joulelab.sweeping.stopping import INTERRUPTED
from joulelab.sweeping.trials import Measure
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import Strategy
from joulelab.sweeps.objectives import parse_constraints
from joulelab.sweeps.samplers import strategy
from joulelab.sweeps.space import Choice, Space


def sweep(
    loader: ConfigLoader,
    master: DictConfig,
    arguments: Sequence[str],
    work: Callable[[DictConfig], Any],
) -> None:
    """Runs or goes on with the study that the words describe."""

    def compose(overrides: Sequence[str]) -> DictConfig:
        return loader.load_sweep_config(master, list(overrides))

    def is_group(key: str) -> bool:
        return bool(loader.get_group_options(key, ObjectType.CONFIG))

    parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(arguments))
    assignment = grammar.read(parsed, compose, is_group)
    whole = compose(assignment.every(corner(assignment.space)))
    settings = _checked(whole)
    objectives = settings.objectives(list(whole.objectives))
    folder = Path(str(whole.paths.multirun)) / settings.name()
    names = [objective.name for objective in objectives]
    launching = Launching(compose, assignment, work, folder, names)
    longest = max(launching.length(each) for each in corners(assignment.space))
    chosen = _strategy(settings, assignment.space, longest)
    pausing = Pausing(
        settings.resume,
        lambda: _strategy(replace(settings, resume=False), assignment.space, longest),
    )
    cost = settings.cost(list(whole.objectives))
    constraints = parse_constraints(list(settings.constraints))
    definition = Definition(assignment.space, objectives, constraints, cost, assignment.held())
    book = StudyBook.open(folder, settings, definition)
    keep(folder, list(arguments), settings.storage, list(settings.constraints))
    limit = settings.budget_j if cost == "energy_j" else settings.budget_s
    with SweepScreen(settings.name(), limit, UNITS[cost]) as screen:
        loop = Loop(
            book, chosen, _measure(definition), launching.start, launching.length, folder, screen,
            settings.workers, whole.repeats, pausing,
        )  # fmt: skip
        why = loop.run()
    console = Console(highlight=False)
    closing.close(console, book.history(), assignment.space, folder, why, UNITS[cost])
    book.close()
    if why == INTERRUPTED:
        raise KeyboardInterrupt


def _measure(definition: Definition) -> Measure:
    return Measure(
        [each.name for each in definition.objectives],
        [-1.0 if each.direction == "maximize" else 1.0 for each in definition.objectives],
        definition.cost,
        [each.metric for each in definition.constraints],
    )


def corner(space: Space) -> dict[str, Any]:
    """The configuration with the largest numbers under the first options."""
    return corners(space)[0]


def corners(space: Space) -> list[dict[str, Any]]:
    """One configuration for each option of each choice, its numbers at their largest."""
    choices = {
        key: len(parameter.options) if isinstance(parameter, Choice) else 0
        for key, parameter in space.parameters.items()
    }
    made = []
    for varied, count in {**choices, "": 1}.items():
        for index in range(count):
            unit = [
                ((index + 0.5) / number if key == varied else 0.5 / number) if number else 0.999999
                for key, number in choices.items()
            ]
            made.append(space.from_unit(tuple(unit)))
    return [*made[-1:], *made[:-1]]


def _checked(whole: DictConfig) -> Settings:
    """ConfigError for values that no run, or no sweep, can have."""
    train.check(OmegaConf.masked_copy(whole, [str(key) for key in whole if key != "hydra"]))
    settings = Settings.of(config.plain(whole.sweep))
    if settings.prior is not None:
        raise ConfigError("no prior can be read yet", where="sweep.prior", cure="leave it null")
    return settings


def _strategy(settings: Settings, space: Space, longest: int) -> Strategy:
    found = _sampler(settings, space, longest)
    if not settings.stop:
        return found
    from joulelab.sweeps.pruning import StopsDominated

    return StopsDominated(found, seed=settings.seed, **settings.stop)


def _sampler(settings: Settings, space: Space, longest: int) -> Strategy:
    if settings.sampler != "trajectory":
        return strategy(settings.sampler, space, longest, seed=settings.seed)
    from joulelab.sweeps.trajectory.strategy import Settings as Habits
    from joulelab.sweeps.trajectory.strategy import Trajectory

    habits = Habits(resume=settings.resume)
    return Trajectory(space, longest, seed=settings.seed, settings=habits)
