"""Hydra launcher `process`: each job of a multirun in a process of its own, one at a time."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, filter_overrides, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


class ProcessLauncher(Launcher):
    """`n_jobs` side by side. A job that fails is a JobReturn with status FAILED and the error as its
    return value; the others go on."""

    def __init__(self, n_jobs: int = 1) -> None:
        self.n_jobs = n_jobs

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        from joulelab.multirun import launch

        setup_globals()
        Path(str(self.config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        configs = []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            job = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
            with open_dict(job):
                job.hydra.job.id = str(number)
                job.hydra.job.num = number
            configs.append(job)
        names = [" ".join(filter_overrides(list(overrides))) for overrides in job_overrides]
        work = functools.partial(
            run_in_job, self.hydra_context, self.task_function, Singleton.get_state()
        )
        return launch(configs, names, work, self.n_jobs, initial_job_idx)


def run_in_job(
    context: HydraContext, task: TaskFunction, singletons: dict[type, object], config: DictConfig
) -> JobReturn:
    """In the job's process: what Hydra does around a job, with the error raised, not wrapped."""
    setup_globals()
    Singleton.set_state(singletons)
    done = run_job(
        hydra_context=context,
        task_function=task,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    if done.status is not JobStatus.COMPLETED:
        raise done._return_value
    if isinstance(done.return_value, Exception):
        raise done.return_value
    return done
