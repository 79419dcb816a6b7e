"""A split that fits into memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class ArrayDataset:
    """Inputs (n, *input_shape) float32, targets (n,) int64 or (n, classes) float32.

    Besides the protocol: `arrays` is everything at once, `targets` everything but the inputs.
    """

    def __init__(self, inputs: Any, targets: Any) -> None:
        self._inputs = np.ascontiguousarray(inputs, np.float32)
        self._targets = np.asarray(targets)

    def __len__(self) -> int:
        return len(self._targets)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        target = self._targets[index]
        # A copy: augmentation in place must not reach the next reader.
        return self._inputs[index].copy(), int(target) if target.ndim == 0 else target.copy()

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, Any]]:
        return [self[index] for index in indices]

    def arrays(self) -> tuple[Any, Any]:
        return self._inputs.copy(), self._targets.copy()

    def targets(self) -> Any:
        return self._targets.copy()


def channel_statistics(inputs: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation a channel of (n, channels, ...); 1 where a channel is constant,
    so that dividing by it changes nothing."""
    axes = (0, *range(2, inputs.ndim))
    mean = inputs.mean(axis=axes, dtype=np.float64)
    std = inputs.std(axis=axes, dtype=np.float64)
    std = np.where(std > 0, std, 1.0)
    return tuple(map(float, mean)), tuple(map(float, std))
