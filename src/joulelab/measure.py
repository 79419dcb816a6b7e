"""`joulelab measure [key=value ...] -- command`: weighs any program, and stores it like a run."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from joulelab import build, config, machine, runfolder, screen
from joulelab.errors import ConfigError
from joulelab.meters.cpu_estimate import CpuEstimate
from joulelab.records import Metrics
from joulelab.run import Body, Plan, Run


class CommandFailed(Exception):
    """The weighed command's own failure: its exit code becomes ours, as with time(1)."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"the command ended with exit code {exit_code}")
        self.exit_code = exit_code


class CommandBody(Body):
    """The command is the phase `fit`; its exit code is the metric `exit_code`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def prepare(self, run: Run) -> Metrics:
        program = self._command[0]
        if shutil.which(program) is None:
            raise ConfigError("there is no such program", where=program, cure="check its path")
        return {}

    def work(self, run: Run) -> Metrics:
        run.screen.phase("fit")
        run.signals.listening = True
        start_ns = run.recorder.mark()
        with run.recorder.phase("fit"):
            process = subprocess.Popen(self._command)
            try:
                self._wait(run, process, start_ns)
            except KeyboardInterrupt:
                process.kill()
                raise
            finally:
                process.wait()
        run.signals.listening = False
        if process.returncode:
            run.record.metrics["exit_code"] = float(process.returncode)
            raise CommandFailed(process.returncode)
        return {"exit_code": 0.0}

    def _wait(self, run: Run, process: subprocess.Popen[bytes], start_ns: int) -> None:
        # A pid file descriptor wakes at the very end; Popen.wait(timeout) would look every 50 ms.
        descriptor = os.pidfd_open(process.pid)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            told = False
            while not poll.poll(500):
                energy_j = run.recorder.energy_since_j(start_ns)
                run.screen.power(run.recorder.power_now_w(), energy_j)
                if run.signals.asked and not told:
                    process.terminate()
                    told = True
        finally:
            os.close(descriptor)


def measure(cfg: DictConfig, command: Sequence[str], choices: dict[str, str]) -> int:
    """Weighs `command` and returns its exit code."""
    plan = make_plan(cfg, command, choices)
    terminal = screen.TerminalScreen()
    for sentence in runfolder.recover(plan.store, plan.index):
        terminal.say(sentence)
    run = Run(plan, CommandBody(command), terminal)
    exit_code = 0
    try:
        run.execute()
    except CommandFailed as failure:
        exit_code = failure.exit_code
    # The command owns standard output, so that `joulelab measure -- a | b` still pipes a into b.
    console = Console(stderr=True, highlight=False)
    screen.close_run(console, run.record, plan.store.location, str(run.folder))
    return exit_code


def make_plan(cfg: DictConfig, command: Sequence[str], choices: dict[str, str]) -> Plan:
    meters, required = build.build_meters(cfg.meter)
    for meter in meters.values():
        if isinstance(meter, CpuEstimate):
            meter.descendants_only = True
    store, store_required = build.build_store(cfg.tracking)
    outputs = Path(cfg.paths.outputs)
    line = shlex.join(command)
    tags = {**machine.describe(), "command": line, "python": sys.version.split()[0]}
    commit = machine.git_commit(Path.cwd())
    return Plan(
        name=cfg.name or Path(command[0]).name,
        experiment=cfg.tracking.get("experiment", "joulelab"),
        outputs=outputs,
        index=outputs,
        store=store,
        store_required=store_required,
        meters=meters,
        required=required,
        knobs=build.build_knobs(cfg.hardware),
        strict=cfg.hardware.strict,
        idle_s=cfg.idle_s,
        warmup_s=0.0,
        idle_after_s=cfg.idle_after_s,
        clock_pattern=cfg.clock_pattern,
        sample_hz=cfg.sample_hz,
        allow_concurrent=cfg.allow_concurrent,
        params={**config.parameters(cfg, choices), "command": line},
        tags=tags if commit is None else {**tags, "git_commit": commit},
        config_yaml=config.yaml_text(cfg),
    )
