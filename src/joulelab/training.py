"""What a run of a learner does between its two rests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from joulelab import continuing, runfolder
from joulelab.machine import seed_everything
from joulelab.observers import RunObserver, WarmupObserver
from joulelab.protocols import Data, Learner
from joulelab.records import DataSpec, Metrics, StopReason
from joulelab.run import Body, Run


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
