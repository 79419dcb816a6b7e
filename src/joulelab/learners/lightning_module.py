"""What Lightning gets: a module, a trainer without side effects, the observer as a callback."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from joulelab import torchvision_ops
from joulelab.errors import LearnerError
from joulelab.learners.batches import Batches, step_seed
from joulelab.protocols import Observer
from joulelab.records import ComputeSettings, DataSpec, Metrics

torchvision_ops.ensure()  # before Lightning, whose imports reach torchvision

import lightning.pytorch as pl  # noqa: E402
from lightning.fabric.plugins.environments.lightning import (  # noqa: E402
    LightningEnvironment,
)
from lightning.fabric.utilities.warnings import PossibleUserWarning  # noqa: E402
from lightning.pytorch.utilities.exceptions import SIGTERMException  # noqa: E402

_LOSS_EVERY_ON_GPU = 20  # steps; reading a loss waits for the device


@dataclass
class Progress:
    """Where a fit is; with the weights and the optimiser all that it needs to go on."""

    step: int = 0
    validated: int = 0  # the step of the last validation
    metrics: Metrics = field(default_factory=dict)  # of that validation


class Classifier(pl.LightningModule):
    """Cross-entropy of the net's logits, and of auxiliary logits where training returns both."""

    def __init__(
        self, net: nn.Module, optimizer: Optimizer, spec: DataSpec, channels_last: bool
    ) -> None:
        super().__init__()
        self.net = net
        self.optimizer = optimizer
        self._spec = spec
        self._channels_last = channels_last

    def forward(self, x: Tensor) -> Any:
        if self._channels_last and x.ndim == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        return self.net(x)

    def training_step(self, batch: Any, index: int) -> Tensor:
        x, y = batch
        output = self(x)
        if isinstance(output, tuple):
            logits, auxiliary = output
            weight = float(self.net.aux_weight)  # type: ignore[arg-type]
            return self._loss(logits, y) + weight * self._loss(auxiliary, y)
        return self._loss(output, y)

    def fits(self, spec: DataSpec) -> bool:
        own = self._spec
        return (own.task, own.classes, own.input_shape) == (
            spec.task,
            spec.classes,
            spec.input_shape,
        )

    def configure_optimizers(self) -> Optimizer:
        return self.optimizer

    def _loss(self, logits: Tensor, y: Tensor) -> Tensor:
        if self._spec.task == "multilabel":
            return F.binary_cross_entropy_with_logits(logits, y.to(logits.dtype))
        return F.cross_entropy(logits, y)


class Bridge(pl.Callback):
    """Tells the observer what Lightning does, asks it after every step, and validates when due."""

    def __init__(
        self,
        progress: Progress,
        batches: Batches,
        seed: int,
        every: int,
        observer: Observer,
        validate: Callable[[], Metrics],
    ) -> None:
        self._progress = progress
        self._batches = batches
        self._seed = seed
        self._every = every
        self._observer = observer
        self._validate = validate
        self._epoch = ExitStack()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._epoch.enter_context(self._observer.phase("epoch"))

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        torch.manual_seed(step_seed(self._seed, self._progress.step))

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        progress, total = self._progress, self._batches.total
        progress.step += 1
        self._observer.progress(progress.step, total, self._read_loss(outputs["loss"]))
        if self._observer.should_stop() is None:
            self.validate_if_due()
        trainer.should_stop = self._observer.should_stop() is not None
        if progress.step % self._batches.per_epoch == 0:
            self._epoch.close()
            if progress.step < total and not trainer.should_stop:
                self._epoch.enter_context(self._observer.phase("epoch"))

    def validate_if_due(self) -> None:
        progress = self._progress
        due = progress.step % self._every == 0 or progress.step == self._batches.total
        if not due or progress.validated == progress.step:
            return
        with self._observer.phase("validate"):
            metrics = self._validate()
        if metrics:
            progress.validated, progress.metrics = progress.step, metrics
            self._observer.point(progress.step, dict(metrics))

    def close(self) -> None:
        self._epoch.close()

    def _read_loss(self, loss: Tensor) -> Metrics | None:
        step = self._progress.step
        if loss.is_cuda and step % _LOSS_EVERY_ON_GPU and step < self._batches.total:
            return None
        value = float(loss)
        if not np.isfinite(value):
            raise LearnerError(f"the loss became {value} at step {step}", cure="lower lr")
        return {"train/loss": value}


def train(
    compute: ComputeSettings,
    module: Classifier,
    loader: DataLoader[Any],
    bridge: Bridge,
    observer: Observer,
) -> None:
    """Trainer.fit, but Ctrl-C stays a KeyboardInterrupt (Lightning leaves by exit(1)), and a
    SIGTERM that the observer knows of ends the fit in good order."""
    with _quiet():
        try:
            _trainer(compute, module.device, bridge).fit(module, train_dataloaders=loader)
        except SIGTERMException:
            if observer.should_stop() is None:
                raise
        except SystemExit as error:
            raise KeyboardInterrupt from error


def _trainer(compute: ComputeSettings, device: torch.device, bridge: Bridge) -> pl.Trainer:
    """Writes nothing, prints nothing, asks no network; the bridge decides when to validate."""
    return pl.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=1,
        precision="bf16-mixed" if compute.precision == "bf16" else "32-true",
        max_epochs=1,
        callbacks=[bridge],
        plugins=[LightningEnvironment()],  # a SLURM job is not asked to be more than one process
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        use_distributed_sampler=False,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's advice: which device it found, how many workers it would have."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PossibleUserWarning)
            # Lightning 2.6 asks torch 2.13 in a way that is on its way out.
            warnings.filterwarnings("ignore", ".*treespec, LeafSpec.*")
            yield
    finally:
        logger.setLevel(level)


def predict(
    module: Classifier, loader: DataLoader[Any], precision: str, observer: Observer
) -> tuple[Any, Any] | None:
    """(n, classes) float32 logits and the targets; None when the observer asked to stop."""
    was_training, device = module.training, module.device
    module.eval()
    logits, targets = [], []
    try:
        autocast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
        with torch.no_grad(), autocast:
            for x, y in loader:
                if observer.should_stop() is not None:
                    return None
                logits.append(module(x.to(device)).float().cpu().numpy())
                targets.append(y.numpy())
    finally:
        module.train(was_training)
    if not logits:
        raise LearnerError("the split to be judged is empty", where="data")
    return np.concatenate(logits), np.concatenate(targets)
