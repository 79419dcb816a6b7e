"""torch nets, trained by Lightning."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from joulelab.errors import ConfigError, LearnerError
from joulelab.learners.batches import Batches
from joulelab.learners.checks import check_call, device_for, errors_of_workers
from joulelab.learners.lightning_module import (
    Bridge,
    Classifier,
    Progress,
    predict,
    train,
)
from joulelab.learners.metrics import check_task, classification_metrics, logit_loss
from joulelab.protocols import Data, Dataset, Observer
from joulelab.records import ComputeSettings, DataSpec, Metrics

_FILE = "learner.ckpt"


class LightningLearner:
    """`net(spec)` gives raw logits (batch, classes), `optimizer(parameters, lr=lr)` trains them.

    Ends at `max_epochs` or `max_steps`, whichever comes first; null is no limit. Validates every
    `validate_every` steps, by default after each epoch, and at the end. All that is random depends
    on the seed that torch had at construction, and on the step: neither the validations in between
    nor a stop and a `load` change what is learned. ConfigError for values that make no sense.
    """

    def __init__(
        self,
        net: Callable[[DataSpec], nn.Module],
        optimizer: Callable[..., Optimizer],
        lr: float,
        batch_size: int,
        compute: ComputeSettings,
        max_epochs: int | None = None,
        max_steps: int | None = None,
        validate_every: int | None = None,
        num_workers: int = 0,
    ) -> None:
        if not (lr > 0 and math.isfinite(lr)):
            raise ConfigError(f"{lr} is no positive number", where="lr", cure="say lr=1e-3")
        for key, value, least in (
            ("batch_size", batch_size, 1),
            ("max_epochs", max_epochs, 1),
            ("max_steps", max_steps, 1),
            ("model.validate_every", validate_every, 1),
            ("model.num_workers", num_workers, 0),
        ):
            if value is not None and value < least:
                cure = f"say {key}={least} or more"
                raise ConfigError(f"{value} is less than {least}", where=key, cure=cure)
        if max_epochs is None and max_steps is None:
            raise ConfigError("the fit has no end", where="max_epochs", cure="say max_epochs=30")
        check_call(net, "model.net", None)
        check_call(optimizer, "model.optimizer", None, lr=lr)
        self._net, self._optimizer = net, optimizer
        self._lr, self._batch_size = lr, batch_size
        self._max_epochs, self._max_steps = max_epochs, max_steps
        self._validate_every, self._num_workers = validate_every, num_workers
        self._compute, self._device = compute, device_for(compute)
        self._seed = torch.initial_seed()
        self._progress = Progress()
        self._module: Classifier | None = None
        self._saved: dict[str, Any] | None = None

    def check(self, spec: DataSpec) -> None:
        check_task(spec)
        # Shapes only: neither memory nor random numbers are spent on it.
        with torch.device("meta"), warnings.catch_warnings(action="ignore"):
            self._net(spec)

    def fit(self, data: Data, observer: Observer) -> Metrics:
        module = self._built(data.spec)
        dataset, progress = data.split("train"), self._progress
        batches = self._batches(dataset, data.spec)

        def validate() -> Metrics:
            return self._judge(module, data, "val", observer)

        every = self._validate_every or batches.per_epoch
        bridge = Bridge(progress, batches, self._seed, every, observer, validate)
        module.to(self._device)
        if progress.step > 0 and observer.should_stop() is None:
            bridge.validate_if_due()
        if progress.step < batches.total and observer.should_stop() is None:
            module.train()
            loader = self._loader(dataset, batch_sampler=batches)
            try:
                with errors_of_workers():
                    train(self._compute, module, loader, bridge, observer)
            except ValueError as error:
                raise _explained(error, self._batch_size) from error
            finally:
                bridge.close()
        return dict(progress.metrics)

    def evaluate(self, data: Data, observer: Observer) -> Metrics:
        if observer.should_stop() is not None:
            return {}
        if self._module is None and self._saved is None:
            raise LearnerError("there is nothing fitted to evaluate", cure="call fit or load first")
        return self._judge(self._built(data.spec), data, "test", observer)

    def save(self, folder: Path) -> None:
        if self._module is None:
            raise LearnerError("there is nothing fitted to save", cure="call fit first")
        state = {
            "net": self._module.net.state_dict(),
            "optimizer": self._module.optimizer.state_dict(),
            "progress": dataclasses.asdict(self._progress),
            "seed": self._seed,
            "batch_size": self._batch_size,
        }
        torch.save(state, folder / _FILE)

    def load(self, folder: Path) -> None:
        file = folder / _FILE
        try:
            saved = torch.load(file, map_location="cpu", weights_only=True)
            progress, seed = Progress(**saved["progress"]), int(saved["seed"])
            batch_size = int(saved["batch_size"])
        except Exception as error:  # torch.load fails in as many ways as a file can be broken
            raise LearnerError(
                f"cannot be read as a saved learner ({type(error).__name__})",
                where=str(file),
                cure="name a folder that this model was saved into",
            ) from error
        if batch_size != self._batch_size:
            raise LearnerError(
                f"was saved at batch_size={batch_size}, a fit cannot go on with {self._batch_size}",
                where=str(file),
                cure=f"say batch_size={batch_size}",
            )
        self._saved, self._progress, self._seed = saved, progress, seed
        self._module = None

    def _built(self, spec: DataSpec) -> Classifier:
        check_task(spec)
        if self._module is not None and self._module.fits(spec):
            return self._module
        if self._module is not None:
            raise LearnerError(
                f"this net was built for other inputs or classes than those of {spec.name}",
                where="data",
                cure="use a new learner",
            )
        torch.manual_seed(self._seed)
        net = self._net(spec)
        if self._compute.channels_last:
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        try:
            optimizer = self._optimizer(net.parameters(), lr=self._lr)
        except (TypeError, ValueError) as error:
            raise ConfigError(str(error), where="model.optimizer") from error
        if self._saved is not None:
            self._restore(net, optimizer, spec)
        self._module = Classifier(net, optimizer, spec, self._compute.channels_last)
        return self._module

    def _restore(self, net: nn.Module, optimizer: Optimizer, spec: DataSpec) -> None:
        saved, self._saved = self._saved or {}, None
        try:
            net.load_state_dict(saved["net"])
            optimizer.load_state_dict(saved["optimizer"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise LearnerError(
                f"what was saved does not fit this net on {spec.name}",
                where="model",
                cure="load it with the model and data that it was saved with",
            ) from error
        for group in optimizer.param_groups:
            group["lr"] = self._lr

    def _batches(self, dataset: Dataset, spec: DataSpec) -> Batches:
        if len(dataset) == 0:
            raise LearnerError(f"the split train of {spec.name} is empty", where="data")
        batches = Batches(len(dataset), self._batch_size, self._seed)
        batches.first = self._progress.step
        limits = [self._max_steps]
        if self._max_epochs is not None:
            limits.append(self._max_epochs * batches.per_epoch)
        batches.total = min(limit for limit in limits if limit is not None)
        return batches

    def _judge(self, module: Classifier, data: Data, split: str, observer: Observer) -> Metrics:
        module.to(self._device)
        loader = self._loader(data.split(split), batch_size=self._batch_size)
        with errors_of_workers():
            found = predict(module, loader, self._compute.precision, observer)
        if found is None:
            return {}
        logits, targets = found
        metrics = classification_metrics(data.spec, logits, targets, split)
        return {**metrics, f"{split}/loss": logit_loss(data.spec, logits, targets)}

    def _loader(self, dataset: Dataset, **order: Any) -> DataLoader[Any]:
        return DataLoader(
            dataset,  # type: ignore[arg-type]
            num_workers=self._num_workers,
            pin_memory=self._device.type == "cuda",
            **order,
        )


def _explained(error: ValueError, batch_size: int) -> Exception:
    if "more than 1 value per channel" not in str(error):
        return error
    return LearnerError(
        f"batch norm cannot train on {batch_size} sample a batch",
        where="batch_size",
        cure="say batch_size=2 or more",
    )
