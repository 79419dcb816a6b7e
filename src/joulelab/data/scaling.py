"""Brings each channel of a series to the range that it has in a reference series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class MinMax:
    """(x - low) / (high - low) a channel; a channel that is constant in the reference is only shifted.

    `low` and `high` are (d,) float64.
    """

    low: Any
    high: Any

    @classmethod
    def of(cls, values: Any) -> MinMax:
        """The range of (n, d) values."""
        return cls(values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64))

    def __call__(self, values: Any, limit: float | None = None) -> Any:
        """(n, d) float32; `limit` cuts what lies further outside [0, 1] than so many ranges."""
        span = self.high - self.low
        scaled = (values - self.low) / np.where(span > 0, span, 1.0)
        if limit is not None:
            scaled = np.clip(scaled, -limit, 1 + limit)
        return scaled.astype(np.float32)
