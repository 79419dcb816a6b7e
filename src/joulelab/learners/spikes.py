"""Losses that leap: counted, so that nobody mistakes a curve with spikes for a smooth one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from joulelab.records import Metrics

_REMEMBERED = 50
_NEEDED = 20
_RANGES = 10.0


class Spikes:
    """A loss is a spike where it is further from the median of the 50 before it than ten times their
    interquartile range, up or down: a loss without a lower bound leaps down."""

    def __init__(
        self, recent: Iterable[float] = (), count: int = 0, largest: float | None = None
    ) -> None:
        self.recent = deque(recent, _REMEMBERED)
        self.count = count
        self.largest = largest

    def note(self, loss: float) -> None:
        if len(self.recent) >= _NEEDED:
            low, middle, high = np.percentile(self.recent, (25, 50, 75)).tolist()
            away = loss - middle
            if abs(away) > _RANGES * (high - low):
                self.count += 1
                if self.largest is None or abs(away) > abs(self.largest):
                    self.largest = away
        self.recent.append(loss)

    def metrics(self) -> Metrics:
        """`train/loss`, the median of the last 50; `train/loss_spikes`; `train/loss_spike_largest`, its
        distance from the median at the time, missing where there was none."""
        found = {"train/loss_spikes": float(self.count)}
        if self.recent:
            found["train/loss"] = float(np.median(self.recent))
        if self.largest is not None:
            found["train/loss_spike_largest"] = self.largest
        return found

    def state(self) -> dict[str, object]:
        return {"recent": list(self.recent), "count": self.count, "largest": self.largest}
