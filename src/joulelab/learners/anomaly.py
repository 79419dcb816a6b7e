"""Detectors of anomalies, trained by steps and judged along the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from joulelab.data.windows import WindowedSplit
from joulelab.errors import ConfigError, LearnerError
from joulelab.learners.anomaly_scoring import Scoring, time_first, windowed
from joulelab.learners.anomaly_state import Progress, read, write
from joulelab.learners.detector import Detector
from joulelab.learners.spikes import Spikes
from joulelab.models.omnianomaly_spec import draw_noise
from joulelab.protocols import Data, Observer
from joulelab.records import ComputeSettings, DataSpec, Metrics
from joulelab.stats.anomaly.judge import Pot, Settings

_HALVED_EVERY = 40  # epochs; the released OmniAnomaly's schedule


class AnomalyLearner:
    """`detector(spec=, compute=, seed=)` gives a `Detector`; this trains and judges it.

    Validates every `validate_every` steps and at the end, on `validate_points` points of val; scores
    test in full at the steps of `score_at` (those figures join the curve's point of that step) and in
    `evaluate`. Phases in fit: `train`, `validate`, `score`. `samples`: 0 scores with the mean of z, n
    with the logarithm of the mean likelihood over n draws. Ends at `max_epochs` or `max_steps`,
    whichever comes first; lr is halved every 40 epochs. All that is random depends on NumPy's global
    generator at construction, and on the step.
    """

    def __init__(
        self,
        detector: Callable[..., Detector],
        lr: float,
        batch_size: int,
        compute: ComputeSettings,
        max_epochs: int | None = None,
        max_steps: int | None = None,
        validate_every: int = 100,
        validate_points: int = 2000,
        score_at: Sequence[int] = (),
        samples: int = 0,
        pot: Pot = "static",
        risk: float = 1e-3,
        level: float = 0.01,
    ) -> None:
        _check(lr, max_epochs, max_steps, pot, score_at)
        for key, value, least in (
            ("batch_size", batch_size, 1),
            ("max_epochs", max_epochs, 1),
            ("max_steps", max_steps, 1),
            ("model.validate_every", validate_every, 1),
            ("model.validate_points", validate_points, 1),
            ("model.samples", samples, 0),
        ):
            if value is not None and value < least:
                cure = f"say {key}={least} or more"
                raise ConfigError(f"{value} is less than {least}", where=key, cure=cure)
        self._make = detector
        self._lr, self._compute = lr, compute
        self._max_epochs, self._max_steps = max_epochs, max_steps
        self._every, self._points = validate_every, validate_points
        self._score_at = frozenset(score_at)
        self._samples = samples
        self._settings = Settings(pot=pot, risk=risk, level=level)
        self._progress = Progress(int(np.random.randint(2**31 - 1)), batch_size)
        self._detector: Detector | None = None
        self._saved: dict[str, Any] | None = None

    def check(self, spec: DataSpec) -> None:
        _check_task(spec)
        self._make(spec=spec, compute=self._compute, seed=0)

    def baseline(self, data: Data) -> Metrics:
        """`baseline/untrained/...`: what the net scores before its first step."""
        detector = self._built(data.spec)
        return self._scoring(detector).untrained(data)

    def fit(self, data: Data, observer: Observer) -> Metrics:
        detector, progress = self._built(data.spec), self._progress
        train = windowed(data, "train")
        per_epoch = max(1, len(train) // progress.batch_size)
        limits = [self._max_steps, self._max_epochs and self._max_epochs * per_epoch]
        total = min(limit for limit in limits if limit is not None)
        spikes = Spikes(**progress.spikes)
        while observer.should_stop() is None:
            if self._due(progress.step, total):
                self._report(detector, data, spikes, total, observer)
            elif progress.step >= total:
                break
            else:
                with observer.phase("train"):
                    self._train(detector, train, per_epoch, total, spikes, observer)
        progress.spikes = spikes.state()
        return dict(progress.metrics)

    def evaluate(self, data: Data, observer: Observer) -> Metrics:
        if observer.should_stop() is not None:
            return {}
        if self._detector is None and self._saved is None:
            raise LearnerError("there is nothing fitted to evaluate", cure="call fit or load first")
        return self._scoring(self._built(data.spec)).test(data, observer)

    def save(self, folder: Path) -> None:
        if self._detector is None:
            raise LearnerError("there is nothing fitted to save", cure="call fit first")
        write(folder, self._progress, self._detector.state())

    def load(self, folder: Path) -> None:
        self._progress, self._saved = read(folder, self._progress.batch_size)
        self._detector = None

    def _built(self, spec: DataSpec) -> Detector:
        _check_task(spec)
        if self._detector is None:
            seed = self._progress.seed
            self._detector = self._make(spec=spec, compute=self._compute, seed=seed)
            self._restore(self._detector, spec)
        sizes = self._detector.sizes
        if (sizes.channels, sizes.window) != spec.input_shape:
            raise LearnerError(
                f"this net was built for other channels or windows than those of {spec.name}",
                where="data",
                cure="use a new learner",
            )
        return self._detector

    def _restore(self, detector: Detector, spec: DataSpec) -> None:
        saved, self._saved = self._saved, None
        if saved is None:
            return
        try:
            detector.restore(saved)
        except (KeyError, ValueError) as error:
            raise LearnerError(
                f"what was saved does not fit this net on {spec.name}",
                where="model",
                cure="load it with the model and data that it was saved with",
            ) from error

    def _due(self, step: int, total: int) -> bool:
        asked = step % self._every == 0 or step in self._score_at or step >= total
        return step > 0 and asked and self._progress.validated != step

    def _train(
        self,
        detector: Detector,
        train: WindowedSplit,
        per_epoch: int,
        total: int,
        spikes: Spikes,
        observer: Observer,
    ) -> None:
        """Steps until something is due or the observer asks to stop."""
        progress = self._progress
        order, known = np.empty(0, np.int64), -1
        while progress.step < total and not self._due(progress.step, total):
            epoch, place = divmod(progress.step, per_epoch)
            if epoch != known:
                order = np.random.default_rng((progress.seed, 1, epoch)).permutation(len(train))
                known = epoch
            first = place * progress.batch_size
            windows = time_first(train, order[first : first + progress.batch_size])
            random = np.random.default_rng((progress.seed, 2, progress.step))
            noise = draw_noise(detector.sizes, windows.shape[0], windows.shape[1], random)
            lr = self._lr * 0.5 ** (epoch // _HALVED_EVERY)
            loss = detector.train_step(windows, noise, lr)
            progress.step += 1
            if not math.isfinite(loss):
                raise LearnerError(
                    f"the loss became {loss} at step {progress.step}", cure="lower lr"
                )
            spikes.note(loss)
            observer.progress(progress.step, total, {"train/loss": loss})
            if observer.should_stop() is not None:
                return

    def _report(
        self, detector: Detector, data: Data, spikes: Spikes, total: int, observer: Observer
    ) -> None:
        """One point of the curve; nothing where the observer asked to stop in between."""
        progress, scoring = self._progress, self._scoring(detector)
        with observer.phase("validate"):
            metrics = scoring.validate(data, self._points, progress.batch_size, observer)
        if metrics and progress.step in self._score_at and progress.step < total:
            with observer.phase("score"):
                tested = scoring.test(data, observer)
            metrics = {**metrics, **tested} if tested else {}
        if metrics:
            metrics |= spikes.metrics()
            progress.validated, progress.metrics = progress.step, metrics
            observer.point(progress.step, dict(metrics))

    def _scoring(self, detector: Detector) -> Scoring:
        return Scoring(detector, self._samples, self._progress.seed, self._settings)


def _check_task(spec: DataSpec) -> None:
    if spec.task != "anomaly":
        raise LearnerError(
            f"{spec.name} is a task of {spec.task}, this learner seeks anomalies",
            where="model",
            cure="choose another model, or data such as data=telemetry",
        )


def _check(
    lr: float,
    max_epochs: int | None,
    max_steps: int | None,
    pot: str,
    score_at: Sequence[int],
) -> None:
    if not (lr > 0 and math.isfinite(lr)):
        raise ConfigError(f"{lr} is no positive number", where="lr", cure="say lr=1e-3")
    if max_epochs is None and max_steps is None:
        raise ConfigError("the fit has no end", where="max_steps", cure="say max_steps=1000")
    if pot not in get_args(Pot):
        raise ConfigError(
            f"{pot!r} is no threshold",
            where="model.pot",
            cure=f"say one of {', '.join(get_args(Pot))}",
        )
    if any(step < 1 for step in score_at):
        raise ConfigError(
            f"{list(score_at)} are no steps", where="model.score_at", cure="say [100,1000]"
        )
