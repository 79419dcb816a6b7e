"""Small data sets made in memory, learnable in a few steps."""

from __future__ import annotations

import numpy as np

from joulelab.errors import ConfigError
from joulelab.records import DataSpec, Form, Task

CLASSES = ("slow", "middle", "fast")
SIZES = {"train": 24, "val": 12, "test": 12}
OFFSET, SCALE = 100.0, 20.0


class TinyDataset:
    """Map-style and nothing more, as the protocol says."""

    def __init__(self, inputs, targets, multilabel):
        self._inputs, self._targets, self._multilabel = inputs, targets, multilabel

    def __len__(self):
        return len(self._inputs)

    def __getitem__(self, index):
        target = self._targets[index]
        return self._inputs[index].copy(), target.copy() if self._multilabel else int(target)


class TinyData:
    """A sine a class (or a sum of them, for labels) along the last axis, plus noise."""

    def __init__(
        self, task: Task = "multiclass", form: Form = "series", channels: int = 2, size: int = 64
    ):
        self.spec = DataSpec(
            name=f"tiny {form}",
            task=task,
            form=form,
            classes=CLASSES,
            input_shape=(channels, size) if form == "series" else (channels, size, size),
            channels=tuple(f"channel {i}" for i in range(channels)),
            units=("W",) * channels,
            mean=(OFFSET,) * channels,
            std=(SCALE,) * channels,
            sample_hz=10.0 if form == "series" else None,
            synthetic=True,
        )

    def split(self, name: str) -> TinyDataset:
        if name not in SIZES:
            raise ConfigError(f"there is no split {name!r}")
        n, multilabel = SIZES[name], self.spec.task == "multilabel"
        random = np.random.default_rng(sorted(SIZES).index(name))
        if multilabel:
            targets = (random.random((n, len(CLASSES))) < 0.5).astype(np.float32)
        else:
            targets = np.arange(n) % len(CLASSES)
        weights = targets if multilabel else np.eye(len(CLASSES))[targets]
        size = self.spec.input_shape[-1]
        waves = np.stack([np.sin(2 * np.pi * f * np.arange(size) / size) for f in (2, 6, 14)])
        pattern = (weights @ waves).reshape(n, *(1,) * (len(self.spec.input_shape) - 1), size)
        noise = random.normal(0, 0.2, (n, *self.spec.input_shape))
        return TinyDataset(
            (OFFSET + SCALE * (pattern + noise)).astype(np.float32), targets, multilabel
        )
