"""The jobs of a multirun: launched, reported as they end, summed up at the close."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from joulelab import config, jobs
from joulelab.errors import ConfigError, RunFailed
from joulelab.train import Values, repeats

Work = Callable[[DictConfig], JobReturn]


def launch(
    configs: Sequence[DictConfig], names: Sequence[str], work: Work, n_jobs: int, first: int
) -> list[JobReturn]:
    """One JobReturn a configuration, in order. A configuration with `repeats` takes as many jobs;
    its return value is the `Values` over them."""
    if n_jobs < 1:
        raise ConfigError(f"{n_jobs} is not a number of jobs", where="hydra.launcher.n_jobs")
    console = Console(stderr=True, highlight=False)
    calls, owner = [], []
    for number, job in enumerate(configs):
        for repeat in repeats(job):
            calls.append(functools.partial(work, repeat))
            owner.append(number)
    outcomes: list[list[jobs.Outcome]] = [[] for _ in configs]
    console.print(f"{len(configs)} configurations, {len(calls)} runs", style="bold")
    modules = sorted({name for job in configs for name in config.modules_named(job)})
    for number, outcome in jobs.run_jobs(calls, n_jobs, modules):
        outcomes[owner[number]].append(outcome)
        if outcome.failure is not None:
            name = names[owner[number]]
            console.print(
                f"job {first + owner[number]} ({name}) failed: {outcome.failure}",
                style="red",
                markup=False,
                soft_wrap=True,
            )
    return [
        _gather(job, name, done) for job, name, done in zip(configs, names, outcomes, strict=True)
    ]


def _gather(cfg: DictConfig, name: str, outcomes: Sequence[jobs.Outcome]) -> JobReturn:
    failures = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    gathered = JobReturn(overrides=name.split(), cfg=cfg)
    if failures or not outcomes:
        gathered.status = JobStatus.FAILED
        gathered.return_value = RunFailed(failures[0] if failures else "did not start", where=name)
        return gathered
    gathered.status = JobStatus.COMPLETED
    each = [tuple(outcome.value.return_value) for outcome in outcomes]
    gathered.return_value = Values.over(each)
    return gathered


def close(returns: Sequence[JobReturn]) -> None:
    """The table of all jobs; RunFailed where at least one did not reach its end."""
    table = Table(title="multirun", title_justify="left", title_style="bold")
    names = list(returns[0].cfg.objectives) if returns and returns[0].cfg is not None else []
    table.add_column("configuration")
    for name in names:
        table.add_column(name, justify="right")
    failed = 0
    for job in returns:
        label = " ".join(job.overrides or ())
        if job.status is JobStatus.COMPLETED:
            table.add_row(label, *(f"{value:.4g}" for value in job.return_value))
        else:
            failed += 1
            table.add_row(label, *["failed"] * len(names), style="red")
    Console(highlight=False).print(table)
    if failed:
        raise RunFailed(f"{failed} of {len(returns)} configurations failed; the others are stored")
