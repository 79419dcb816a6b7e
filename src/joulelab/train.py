"""`python train.py`: one configuration is one run, or `repeats` runs that differ in their seed."""

from __future__ import annotations

import functools
import math
import statistics
from dataclasses import dataclass, replace
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from joulelab import build, config, jobs, machine, runfolder, screen
from joulelab.errors import ConfigError, RunFailed
from joulelab.hardware import schema
from joulelab.records import PARENT, RunRecord
from joulelab.run import Plan, Run
from joulelab.training import TrainBody

SEED_MAX = 2**32 - 1
"""numpy's and scikit-learn's."""


@dataclass(frozen=True)
class Circumstances:
    """What a run inherits from the command that started it."""

    choices: dict[str, str]
    overrides: tuple[str, ...] = ()
    sweep_id: str | None = None
    job: int | None = None
    folder: str | None = None
    repeat: bool = False
    study: Path | None = None

    @property
    def alone(self) -> bool:
        """Whether this run is all that the command does."""
        return self.job is None and not self.repeat

    @classmethod
    def of_hydra(cls) -> Circumstances:
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        hydra = HydraConfig.get()
        known = {key: str(value) for key, value in hydra.runtime.choices.items() if value}
        task = tuple(hydra.overrides.task)
        if hydra.mode != RunMode.MULTIRUN:
            return cls(known, task)
        folder = hydra.runtime.output_dir
        study = Path(hydra.sweep.dir)
        return cls(known, task, study.name, int(hydra.job.num), folder, study=study)


class Values(tuple[float, ...]):
    """The objectives' means over the repeats; `each` has one tuple a repeat."""

    each: tuple[tuple[float, ...], ...]

    @classmethod
    def over(cls, each: list[tuple[float, ...]]) -> Values:
        values = cls(statistics.fmean(column) for column in zip(*each, strict=True))
        values.each = tuple(each)
        return values


def train(cfg: DictConfig) -> Values:
    """Runs the configuration and returns its objectives, NaN for one that the run did not log."""
    check(cfg)
    cfg = config.of_one_run(cfg)
    around = Circumstances.of_hydra()
    if cfg.repeats == 1:
        return Values.over([objectives(cfg, run_once(cfg, around))])
    one_of_many = replace(around, repeat=True)
    calls = [functools.partial(run_once, repeat, one_of_many) for repeat in repeats(cfg)]
    each: list[tuple[float, ...]] = []
    failures: list[str] = []
    for _, outcome in jobs.run_jobs(calls, modules=config.modules_named(cfg)):
        if outcome.failure is None:
            each.append(objectives(cfg, outcome.value))
        else:
            failures.append(outcome.failure)
    if failures:
        raise RunFailed(f"{len(failures)} of {cfg.repeats} repeats failed: {failures[0]}")
    print_repeats(cfg, each)
    return Values.over(each)


def repeats(cfg: DictConfig) -> list[DictConfig]:
    """One configuration a repeat, seeds `seed`, `seed + 1` ..."""
    made, earlier = [], earlier_runs(cfg)
    for number in range(cfg.repeats):
        repeat = cfg.copy()
        repeat.seed = cfg.seed + number
        repeat.continues = earlier[number] if earlier else None
        repeat.repeats = 1
        made.append(repeat)
    return made


def earlier_runs(cfg: DictConfig) -> list[str]:
    """The folders that the repeats go on from, one each; ConfigError where there are not as many."""
    given = config.plain(cfg.get("continues"))
    folders = [str(each) for each in (given if isinstance(given, list) else [given]) if each]
    if folders and len(folders) != cfg.repeats:
        raise ConfigError(
            f"{len(folders)} folders for {cfg.repeats} runs",
            where="continues",
            cure="name one for each repeat",
        )
    return folders


def check(cfg: DictConfig) -> None:
    """ConfigError for root values that no run can have."""
    unknown = set(cfg) - set(config.TrainSchema.__dataclass_fields__)
    if unknown:
        key = sorted(map(str, unknown))[0]
        raise ConfigError("there is no such root key", where=key, cure="see --help")
    if cfg.repeats < 1:
        raise ConfigError(f"{cfg.repeats} is not a number of runs", where="repeats")
    if not 0 <= cfg.seed <= SEED_MAX - cfg.repeats + 1:
        raise ConfigError(f"{cfg.seed} is not between 0 and {SEED_MAX}", where="seed")
    if cfg.sample_hz <= 0:
        raise ConfigError(f"{cfg.sample_hz} is not above 0", where="sample_hz")
    earlier_runs(cfg)
    for key in ("idle_s", "warmup_s", "idle_after_s"):
        if cfg[key] < 0:
            raise ConfigError(f"{cfg[key]} is below 0", where=key, cure="0 leaves the phase out")
    if cfg.clock_pattern < 0:
        raise ConfigError(f"{cfg.clock_pattern} is below 0", where="clock_pattern")
    for key in ("model", "data"):
        if not cfg[key]:
            raise ConfigError("is not chosen", where=key, cure=f"say {key}=...")
    schema.check(config.plain(cfg.hardware))


def run_once(cfg: DictConfig, around: Circumstances) -> RunRecord:
    console = Console(highlight=False)
    terminal = screen.TerminalScreen()
    plan = make_plan(cfg, around)
    for sentence in runfolder.recover(plan.store, plan.index):
        terminal.say(sentence)
    from joulelab.learners.baseline import baseline

    earlier = earlier_runs(cfg)
    body = TrainBody(
        lambda: build.build_data(cfg.data),
        build.learner_factory(cfg.model, build.build_compute(cfg.hardware)),
        baseline,
        cfg.save_model,
        Path(earlier[0]) if earlier else None,
    )
    run = Run(plan, body, terminal)
    record = run.execute()
    if around.alone:
        screen.close_run(console, record, plan.store.location, str(run.folder))
    else:
        name = f"{record.run_uid}  {' '.join(around.overrides) or record.name}  seed={cfg.seed}"
        console.print(screen.one_line(record, name), soft_wrap=True, markup=False)
    if record.status == "KILLED":
        raise KeyboardInterrupt
    return record


def make_plan(cfg: DictConfig, around: Circumstances) -> Plan:
    store, store_required = build.build_store(cfg.tracking, own_process=around.alone)
    meters, required = build.build_meters(cfg.meter)
    outputs = Path(cfg.paths.outputs)
    name = cfg.name or "-".join(around.choices.get(key, "own") for key in ("model", "data"))
    return Plan(
        name=name,
        experiment=cfg.tracking.get("experiment", "joulelab"),
        outputs=Path(around.folder) if around.folder else outputs,
        index=outputs,
        store=store,
        store_required=store_required,
        meters=meters,
        required=required,
        knobs=build.build_knobs(cfg.hardware),
        strict=cfg.hardware.strict,
        seed=cfg.seed,
        idle_s=cfg.idle_s,
        warmup_s=cfg.warmup_s,
        idle_after_s=cfg.idle_after_s,
        clock_pattern=cfg.clock_pattern,
        sample_hz=cfg.sample_hz,
        allow_concurrent=cfg.allow_concurrent,
        params=config.parameters(cfg, around.choices),
        tags=tags(cfg, around),
        config_yaml=config.yaml_text(cfg),
    )


def tags(cfg: DictConfig, around: Circumstances) -> dict[str, str]:
    found = {
        **machine.describe(),
        "config_hash": config.config_hash(cfg),
        "keys_read": ",".join(config.keys_read(cfg)),
        "overrides": config.masked_overrides(around.overrides),
        "git_commit": machine.git_commit(Path.cwd()),
        "sweep_id": around.sweep_id,
        PARENT: runfolder.study_uid(around.study) if around.study else None,
        "sweep_job": None if around.job is None else str(around.job),
    }
    return {key: value for key, value in found.items() if value is not None}


def objectives(cfg: DictConfig, record: RunRecord) -> tuple[float, ...]:
    return tuple(record.metrics.get(key, math.nan) for key in cfg.objectives)


def print_repeats(cfg: DictConfig, each: list[tuple[float, ...]]) -> None:
    """Mean and standard error of each objective over the repeats."""
    console = Console(highlight=False)
    console.print(f"{len(each)} repeats, mean ± standard error:", style="bold")
    for key, column in zip(cfg.objectives, zip(*each, strict=True), strict=True):
        error = statistics.stdev(column) / math.sqrt(len(column))
        console.print(f"  {key:<20} {statistics.fmean(column):.5g} ± {error:.2g}")
