"""`python train.py -m hydra/sweeper=pareto ...`, from its words to the closing table."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from joulelab import build, config, train
from joulelab.errors import ConfigError
from joulelab.records import Status
from joulelab.sweeping import closing, grammar
from joulelab.sweeping.book import StudyBook
from joulelab.sweeping.launching import Launching
from joulelab.sweeping.loop import Loop
from joulelab.sweeping.pausing import Pausing
from joulelab.sweeping.prior import configurations
from joulelab.sweeping.publishing import Publishing, record_of
from joulelab.sweeping.screen import SweepScreen
from joulelab.sweeping.settings import UNITS, Settings
from joulelab.sweeping.showing import keep
from joulelab.sweeping.stopping import INTERRUPTED
from joulelab.sweeping.strategies import strategy_of
from joulelab.sweeping.trials import Measure
from joulelab.sweeps.budget import Spent
from joulelab.sweeps.definition import Definition, told
from joulelab.sweeps.history import Objective, Strategy
from joulelab.sweeps.objectives import parse_constraints
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
    first = _tried_first(settings, assignment.space, objectives, folder.parent)

    def decides(resume: bool) -> Strategy:
        kind = replace(settings, resume=resume)
        return strategy_of(kind, assignment.space, longest, first)

    chosen, pausing = decides(settings.resume), Pausing(settings.resume, lambda: decides(False))
    cost = settings.cost(list(whole.objectives))
    constraints = parse_constraints(list(settings.constraints))
    definition = Definition(assignment.space, objectives, constraints, cost, assignment.held())
    book = StudyBook.open(folder, settings, definition, launching.work)
    launching.seeds_after(book.history)
    keep(folder, list(arguments), settings.storage, list(settings.constraints))
    loop = functools.partial(
        Loop, book, chosen, _measure(definition), launching.start, launching.length, folder,
        workers=settings.workers, repeats=whole.repeats, pausing=pausing,
    )  # fmt: skip
    why = _run(loop, whole, settings, definition, book, folder)
    console = Console(highlight=False)
    closing.close(console, book.history(), assignment.space, folder, why, UNITS[cost])
    short = _too_short(settings, book)
    book.close()
    if short is not None:
        raise short
    if why == INTERRUPTED:
        raise KeyboardInterrupt


def _run(
    loop: Callable[..., Loop],
    whole: DictConfig,
    settings: Settings,
    definition: Definition,
    book: StudyBook,
    folder: Path,
) -> str:
    """The sweep on its screen, and in the store whatever becomes of it; why it ended."""
    limit = settings.budget_j if definition.cost == "energy_j" else settings.budget_s
    unit = UNITS[definition.cost]
    with SweepScreen(settings.name(), limit, unit, left=book.left) as screen:
        publishing = _publishing(whole, settings, definition, book, folder, screen.say)
        publishing.begin(book.history(), book.spent(), bool(whole.tracking.get("required", True)))
        status: Status = "FAILED"
        try:
            why = loop(
                screen=screen, between=lambda: publishing.show(book.history(), book.spent())
            ).run()
            status = "KILLED" if why == INTERRUPTED else "FINISHED"
        finally:
            publishing.end(book.history(), book.spent(), status)
    return why


def _publishing(
    whole: DictConfig,
    settings: Settings,
    definition: Definition,
    book: StudyBook,
    folder: Path,
    say: Callable[[str], None],
) -> Publishing:
    store, _ = build.build_store(whole.tracking, own_process=True)
    params = {f"sweep.{key}": str(value) for key, value in vars(settings).items()}
    params |= dict(definition.fixed)
    params |= {f"space.{key}": told(each) for key, each in definition.space.parameters.items()}
    params["objectives"] = ", ".join(
        f"{each.direction} {each.name}" for each in definition.objectives
    )
    experiment = str(whole.tracking.get("experiment", "joulelab"))
    record = record_of(book.uid, settings.name(), experiment, params, folder)
    return Publishing(folder, Path(str(whole.paths.outputs)), store, record, definition, say)


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
    return Settings.of(config.plain(whole.sweep))


def _tried_first(
    settings: Settings, space: Space, objectives: Sequence[Objective], multirun: Path
) -> list[Mapping[str, Any]]:
    if settings.prior is None:
        return []
    return configurations(settings.prior, space, objectives, multirun)


def _too_short(settings: Settings, book: StudyBook) -> ConfigError | None:
    """What to say where the budget is gone and has not paid for one run; a quick one may have ended
    all the same."""
    budget, spent, trials = settings.budget, book.spent(), book.history().trials.values()
    if budget.used_up(replace(spent, runs=0)) is None or not trials:
        return None
    whole = [each for each in trials if each.points and each.points[-1].step >= each.planned_steps]
    if whole and len(trials) > 1:
        return None
    steps = [each.points[-1].step / each.planned_steps for each in trials if each.points]
    share = max(steps, default=0.5)
    try:
        budget.check_one_run(Spent(spent.joules / share, spent.seconds / share, 1))
    except ConfigError as error:
        return error
    return None
