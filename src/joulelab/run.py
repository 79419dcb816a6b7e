"""The life of a run: knobs, meters, idle, warmup, fit, evaluate, idle_after, integrate, store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from joulelab import continuing, runfolder
from joulelab.errors import HardwareError, JoulelabError, StoreError
from joulelab.load_pattern import CLOCK, halves_s, load_pattern
from joulelab.machine import peak_memory_bytes, seed_everything
from joulelab.meters.tracing.recorder import Recorder
from joulelab.observers import RunObserver, Screen, WarmupObserver
from joulelab.occupancy import occupy
from joulelab.protocols import Data, Knob, Learner, Meter, RunStore
from joulelab.records import DataSpec, Metrics, RunRecord, StopReason
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


class TrainBody(Body):
    """Warmup, fit and evaluate of a learner on data, with the trivial baseline beside them."""

    def __init__(
        self,
        make_data: Callable[[], Data],
        make_learner: Callable[[], Learner],
        baseline: Callable[[Data], Metrics],
        save_model: bool = False,
        continues: Path | None = None,
    ) -> None:
        self._make_data = make_data
        self._make_learner = make_learner
        self._baseline = baseline
        self._save_model, self._continues = save_model, continues
        self._earlier: continuing.Earlier | None = None

    def prepare(self, run: Run) -> Metrics:
        seed_everything(run.plan.seed)
        learner = self._make_learner()
        if self._continues is not None:
            self._go_on_from(self._continues, run, learner)
        self._data = self._make_data()
        for name in ("train", "val", "test"):
            self._data.split(name)
        spec = self._data.spec
        check: Callable[[DataSpec], None] | None = getattr(learner, "check", None)
        if check is not None:
            check(spec)
        run.record.tags["synthetic"] = str(spec.synthetic).lower()
        run.record.tags["data.source"] = spec.source
        return self._baseline(self._data)

    def work(self, run: Run) -> Metrics:
        self._rows_of_learner(run)
        if run.plan.warmup_s > 0:
            self._warm_up(run)
        seed_everything(run.plan.seed)
        learner = self._make_learner()
        checkpoint = self._continues and continuing.checkpoint_of(self._continues)
        if checkpoint is not None:
            learner.load(checkpoint)
        run.signals.listening = True
        before = len(self._earlier.points) if self._earlier else 0
        file = runfolder.curve(run.folder)
        observer = RunObserver(run.recorder, run.screen, run.signals, file, before)
        run.screen.phase("fit")
        with run.recorder.phase("fit"):
            metrics = dict(learner.fit(self._data, observer))
        if not run.signals.asked:
            run.screen.phase("evaluate")
            with run.recorder.phase("evaluate"):
                metrics.update(learner.evaluate(self._data, observer))
        run.signals.listening = False
        run.record.curve = observer.curve
        if observer.stopped is not None:
            run.record.tags["stopped"] = observer.stopped.value
        if observer.stopped in (StopReason.PAUSED, StopReason.INTERRUPTED):
            run.record.tags["checkpoint"] = continuing.keep(learner, run.folder)
        if self._save_model:
            learner.save(runfolder.model(run.folder))
        return metrics

    def _go_on_from(self, folder: Path, run: Run, learner: Learner) -> None:
        """Reads what came before, and tries the learner that is to go on; LearnerError, ConfigError."""
        start_ns = runfolder.fit_start_ns(folder)
        self._earlier = continuing.earlier_of(folder, run.record.params, start_ns)
        checkpoint = continuing.checkpoint_of(folder)
        if checkpoint is not None:
            learner.load(checkpoint)
        self._earlier.write(run.folder)
        run.record.tags["continues"] = self._earlier.run_uid

    def _rows_of_learner(self, run: Run) -> None:
        """After the knobs: computing fixes the number of threads of some libraries."""
        seed_everything(run.plan.seed)
        learner = self._make_learner()
        rows: Callable[[Data], Metrics] | None = getattr(learner, "baseline", None)
        if rows is None:
            return
        run.screen.phase("baseline")
        with run.recorder.phase("baseline"):
            run.record.metrics.update(beside(run.record.metrics, rows(self._data)))

    def _warm_up(self, run: Run) -> None:
        seed_everything(run.plan.seed)
        observer = WarmupObserver(run.plan.warmup_s, run.signals)
        run.screen.phase("warmup", run.plan.warmup_s)
        run.signals.listening = True
        with run.recorder.phase("warmup"):
            learner = self._make_learner()
            learner.fit(self._data, observer)
            learner.evaluate(self._data, observer)
        run.signals.listening = False
        if run.signals.asked:
            raise KeyboardInterrupt


def beside(rows: Metrics, more: Metrics) -> Metrics:
    """Both; of a figure that both have, that of the best row, the larger."""
    return {**rows, **more, **{key: max(rows[key], more[key]) for key in rows.keys() & more.keys()}}


def describe_error(error: BaseException) -> str:
    if isinstance(error, JoulelabError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return f"{type(error).__name__}: {error}"
