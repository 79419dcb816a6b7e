"""scikit-learn estimators, and whatever follows their interface, as learners."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from joulelab.errors import ConfigError, LearnerError
from joulelab.learners.metrics import check_task, classification_metrics
from joulelab.protocols import Data, Dataset, Observer
from joulelab.records import ComputeSettings, DataSpec, Metrics

_FILE = "learner.joblib"
_ASK_EVERY = 64  # samples read between two questions whether to stop


class SklearnLearner:
    """Fits once, on all of the training split in memory, normalised a channel by the spec.

    `estimator` is an estimator or a function without arguments that makes one; its open
    `random_state`s are drawn from NumPy's global generator, which a run has seeded. `inputs` is
    what it reads: `series` (n, channels, length), `image` (n, channels, height, width), or `flat`
    (n, values) of either. `load` unpickles: only from folders that you trust.
    """

    def __init__(
        self,
        estimator: Callable[[], Any] | Any,
        compute: ComputeSettings,
        inputs: Literal["series", "image", "flat"] = "flat",
    ) -> None:
        _check_compute(compute)
        if inputs not in ("series", "image", "flat"):
            raise ConfigError(f"{inputs!r} is not one of series, image, flat", where="model.inputs")
        self._estimator = estimator
        self._inputs = inputs
        self._seed = int(np.random.randint(2**31 - 1))
        self._fitted: Any = None
        self._metrics: Metrics = {}

    def fit(self, data: Data, observer: Observer) -> Metrics:
        self.check(data.spec)
        if self._fitted is None:
            self._fitted = self._fit(data, observer)
        if self._fitted is None or self._metrics:
            return dict(self._metrics)
        with observer.phase("validate"):
            self._metrics = self._judge(data, "val", observer)
        if self._metrics:
            observer.point(1, dict(self._metrics))
        return dict(self._metrics)

    def evaluate(self, data: Data, observer: Observer) -> Metrics:
        self.check(data.spec)
        if self._fitted is None:
            if observer.should_stop() is not None:
                return {}
            raise LearnerError("there is nothing fitted to evaluate", cure="call fit or load first")
        return self._judge(data, "test", observer)

    def save(self, folder: Path) -> None:
        import joblib

        state = {"fitted": self._fitted, "metrics": self._metrics, "seed": self._seed}
        joblib.dump(state, folder / _FILE)

    def load(self, folder: Path) -> None:
        import joblib

        try:
            state = joblib.load(folder / _FILE)
            self._fitted, self._metrics = state["fitted"], state["metrics"]
            self._seed = state["seed"]
        except Exception as error:  # unpickling fails in as many ways as a file can be broken
            raise LearnerError(
                f"cannot be read as a saved learner ({type(error).__name__})",
                where=str(folder / _FILE),
                cure="name a folder that this model was saved into",
            ) from error

    def _fit(self, data: Data, observer: Observer) -> Any:
        read = self._read(data, "train", observer)
        if read is None:
            return None
        estimator = self._make()
        try:
            estimator.fit(*read)
        except ValueError as error:
            reason = str(error).splitlines()[0].rstrip(". ")
            raise LearnerError(
                f"{type(estimator).__name__} refuses {data.spec.name}: {reason}",
                where="model",
                cure="choose another model or data",
            ) from error
        observer.progress(1, 1)
        return estimator

    def _make(self) -> Any:
        from sklearn.base import clone

        made = self._estimator
        estimator = clone(made) if hasattr(made, "fit") else made()
        for name, value in estimator.get_params(deep=True).items():
            if name.rpartition("__")[2] == "random_state" and value is None:
                estimator.set_params(**{name: self._seed})
        return estimator

    def check(self, spec: DataSpec) -> None:
        check_task(spec)
        if self._inputs not in ("flat", spec.form):
            raise LearnerError(
                f"this model reads {self._inputs}, {spec.name} holds {spec.form}",
                where="model",
                cure="choose another model or data",
            )

    def _judge(self, data: Data, split: str, observer: Observer) -> Metrics:
        read = self._read(data, split, observer)
        if read is None:
            return {}
        inputs, targets = read
        scores = decision(self._fitted, inputs, len(data.spec.classes))
        prefix = "test" if split == "test" else "val"
        return classification_metrics(data.spec, scores, targets, prefix)

    def _read(self, data: Data, split: str, observer: Observer) -> tuple[Any, Any] | None:
        with observer.phase("load"):
            read = _stack(data.split(split), observer)
            if read is None:
                return None
            inputs, targets = read
            if len(targets) == 0:
                raise LearnerError(f"the split {split} of {data.spec.name} is empty", where="data")
            spec = data.spec
            shape = (1, -1, *(1,) * (inputs.ndim - 2))
            std = np.asarray(spec.std, np.float32)
            inputs -= np.asarray(spec.mean, np.float32).reshape(shape)
            inputs /= np.where(std > 0, std, 1).reshape(shape)
            return inputs.reshape(len(inputs), -1) if self._inputs == "flat" else inputs, targets


def decision(estimator: Any, inputs: Any, classes: int) -> Any:
    """(n, classes) scores: the largest is the class, one >= 0 a label. A class that training never
    showed has minus infinity."""
    scores, known = _log_odds(estimator, inputs), getattr(estimator, "classes_", None)
    if scores.ndim == 1:
        scores = np.stack((-scores, scores), axis=1)
    if scores.shape[1] == classes:
        return scores
    full = np.full((len(scores), classes), -np.inf)
    full[:, known] = scores
    return full


def _log_odds(estimator: Any, inputs: Any) -> Any:
    if hasattr(estimator, "decision_function"):
        return np.asarray(estimator.decision_function(inputs))
    answer = estimator.predict_proba(inputs)
    if isinstance(answer, list):  # one array a label, a column for each value that it took
        answer = np.stack(
            [
                column[:, list(values).index(1)] if 1 in values else np.zeros(len(column))
                for column, values in zip(answer, estimator.classes_, strict=True)
            ],
            axis=1,
        )
    share = np.clip(np.asarray(answer, np.float64), 1e-12, 1 - 1e-12)
    return np.log(share) - np.log1p(-share)


def _stack(dataset: Dataset, observer: Observer) -> tuple[Any, Any] | None:
    """(n, *input_shape) float32 of its own memory and the targets; None when asked to stop."""
    if observer.should_stop() is not None:
        return None
    offered = getattr(dataset, "arrays", None)
    if callable(offered):
        inputs, targets = offered()
        return np.array(inputs, np.float32), np.asarray(targets)
    pairs = []
    for index in range(len(dataset)):
        pairs.append(dataset[index])
        if index % _ASK_EVERY == 0 and observer.should_stop() is not None:
            return None
    inputs = np.array([pair[0] for pair in pairs], np.float32)
    return inputs, np.array([pair[1] for pair in pairs])


def _check_compute(compute: ComputeSettings) -> None:
    for key, value, allowed in (
        ("accelerator", compute.accelerator, ("cpu", "auto")),
        ("precision", compute.precision, ("fp32",)),
        ("channels_last", compute.channels_last, (False,)),
    ):
        if value not in allowed:
            raise ConfigError(
                f"this model does not compute with {str(value).lower()}",
                where=f"hardware.{key}",
                cure=f"say hardware.{key}={str(allowed[0]).lower()}",
            )
