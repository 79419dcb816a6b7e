"""Hydra sweeper `pareto`: finds the front between the objectives within a budget."""

from __future__ import annotations

import functools

from hydra.core.singleton import Singleton
from hydra.core.utils import setup_globals
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.joulelab_launcher import run_in_job


class ParetoSweeper(Sweeper):
    """`params` are overrides, key to value, that the command line's come on top of."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        self.params = params or {}

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> None:
        from joulelab.sweeping.command import sweep

        assert self.hydra_context is not None
        assert self.config is not None
        setup_globals()
        work = functools.partial(
            run_in_job, self.hydra_context, self.task_function, Singleton.get_state()
        )
        given = [f"{key}={value}" for key, value in self.params.items()]
        sweep(self.hydra_context.config_loader, self.config, [*given, *arguments], work)
