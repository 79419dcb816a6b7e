"""The life of a run: knobs, meters, idle, warmup, fit, evaluate, idle_after, integrate, store."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from joulelab import runfolder
from joulelab.errors import HardwareError, JoulelabError, StoreError
from joulelab.load_pattern import CLOCK, halves_s, load_pattern
from joulelab.machine import peak_memory_bytes
from joulelab.meters.tracing.recorder import Recorder
from joulelab.observers import Screen
from joulelab.occupancy import occupy
from joulelab.protocols import Knob, Meter, RunStore
from joulelab.records import Metrics, RunRecord
from joulelab.signals import Interruptions


@dataclass
class Plan:
    """Everything a run needs, built and checked, with nothing started yet."""

    name: str
    experiment: str
    outputs: Path
    index: Path
    store: RunStore
    meters: Mapping[str, Meter]
    required: Mapping[str, bool | None] = field(default_factory=dict)
    knobs: Sequence[Knob] = ()
    strict: bool = True
    allow_concurrent: bool = False
    store_required: bool = True
    seed: int = 0
    idle_s: float = 2.0
    warmup_s: float = 2.0
    idle_after_s: float = 1.0
    clock_pattern: int = 0
    sample_hz: float = 10.0
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    config_yaml: str = ""


class Body:
    """What a run does between its two rests. Subclasses fill `prepare` and `work`."""

    def prepare(self, run: Run) -> Metrics:
        """Reads and checks everything that can fail before a joule is spent; its metrics are kept."""
        raise NotImplementedError

    def work(self, run: Run) -> Metrics:
        """The measured phases."""
        raise NotImplementedError


class Run:
    def __init__(self, plan: Plan, body: Body, screen: Screen) -> None:
        self.plan = plan
        self.screen = screen
        self.folder = runfolder.create(plan.outputs)
        self.signals = Interruptions()
        self.recorder = Recorder(plan.meters, self.folder, 1 / plan.sample_hz, plan.required)
        self.record = RunRecord(
            run_uid=self.folder.name.rpartition("-")[2],
            name=plan.name,
            experiment=plan.experiment,
            status="RUNNING",
            start_wall_ns=time.time_ns(),
            params=dict(plan.params),
            tags={**plan.tags, "seed": str(plan.seed)},
        )
        self._body = body

    def execute(self) -> RunRecord:
        """Runs to the end, or to the error, which is raised after all that was measured is stored.
        What fails before the store knows of the run leaves nothing behind."""
        runfolder.open_record(self.folder, self.record, self.plan.index, self.plan.config_yaml)
        try:
            self.record.metrics.update(self._body.prepare(self))
            self._begin()
        except BaseException:
            runfolder.discard(self.folder, self.record, self.plan.index)
            raise
        try:
            with self.signals:
                self._measured()
            self.record.status = "KILLED" if self.signals.asked else "FINISHED"
        except BaseException as error:
            self.record.status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
            self.record.error = describe_error(error)
            raise
        finally:
            self.screen.close()
            self._close()
        return self.record

    def _begin(self) -> None:
        try:
            self.plan.store.begin(self.record)
        except StoreError as error:
            if self.plan.store_required:
                raise
            self.screen.say(f"{error}; the run goes on and is stored later")

    def _measured(self) -> None:
        with ExitStack() as stack:
            self._turn_knobs(stack)
            stack.callback(self.recorder.stop)
            self.recorder.start()
            self._occupy(stack)
            self._tell_of_meters()
            if self.plan.clock_pattern:
                self.screen.phase(CLOCK, sum(halves_s(self.plan.clock_pattern)))
                load_pattern(self.recorder.phase, self.plan.clock_pattern)
            self.rest("idle", self.plan.idle_s)
            self.record.metrics.update(self._body.work(self))
            if not self.signals.asked:
                self.rest("idle_after", self.plan.idle_after_s)
            self.record.metrics["memory_bytes/peak"] = float(peak_memory_bytes())

    def _occupy(self, stack: ExitStack) -> None:
        measured = any(
            channel.provenance == "measured" and channel.kind != "auxiliary"
            for channel in self.recorder.channels.values()
        )
        others = stack.enter_context(occupy(measured, self.plan.allow_concurrent))
        if others:
            self.record.tags["concurrent"] = "true"

    def _turn_knobs(self, stack: ExitStack) -> None:
        for knob in self.plan.knobs:
            stack.callback(knob.restore)
            try:
                knob.apply()
            except HardwareError as error:
                if self.plan.strict:
                    raise
                self.record.tags[f"not_applied.{knob.name}"] = str(error)
                self.screen.say(f"{error}; not applied")
            else:
                became: str | None = getattr(knob, "applied", None)
                self.record.tags[f"hardware.{knob.name}"] = became or "applied"

    def _tell_of_meters(self) -> None:
        for name, sentence in self.recorder.failures.items():
            tag = f"meter.{name}"
            if self.record.tags.get(tag) != sentence:
                self.record.tags[tag] = sentence
                self.screen.say(f"{tag}: {sentence}")

    def rest(self, name: str, duration_s: float) -> None:
        if duration_s <= 0:
            return
        self.screen.phase(name, duration_s)
        with self.recorder.phase(name):
            time.sleep(duration_s)

    def _close(self) -> None:
        self.record.stop_wall_ns = time.time_ns()
        self._tell_of_meters()
        runfolder.settle(self.folder, self.record)
        runfolder.write_record(self.folder, self.record)
        waits = runfolder.store(self.folder, self.record, self.plan.store, self.plan.index)
        if waits is not None:
            self.screen.say(waits)


def describe_error(error: BaseException) -> str:
    if isinstance(error, JoulelabError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return f"{type(error).__name__}: {error}"
