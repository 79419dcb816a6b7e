"""Sliding windows over several series, none of them copied."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from joulelab.data.entities import Series


class WindowedSplit:
    """`split[i]` is (input (d, T) float32, 1 where the window's last step is anomalous, else 0).

    Besides the protocol, all of it shared and not to be changed:
    `values` (n, d) and `labels` (n,): every entity of the split, one after the other;
    `names`, `bounds` (k + 1,): entity k lies in steps bounds[k]:bounds[k + 1], and where `joined`,
    all of them count as one series, over whose joins windows reach;
    `ends` (len,): the step of `values` that window i ends at, its point to be scored;
    `windows` (n - T + 1, d, T): the window that ends at step e is windows[e - T + 1]; those that are
    not in `ends` reach over a join;
    `without_windows`: entities shorter than T, whose points nobody can score.
    """

    def __init__(
        self, names: Sequence[str], parts: Sequence[Series], window: int, joined: bool = False
    ) -> None:
        self.names = tuple(names)
        self.window = window
        self.joined = joined
        self.parts = tuple(parts)
        self.values = np.concatenate([part.values for part in parts])
        self.labels = np.concatenate([part.labels for part in parts])
        self.bounds = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        self.ends = np.concatenate(
            [np.arange(start + window - 1, stop) for start, stop in self.stretches()]
        )
        lengths = np.diff(self.bounds)
        short = [] if joined else [n for n, m in zip(names, lengths, strict=True) if m < window]
        self.without_windows = tuple(short)

    def stretches(self) -> list[tuple[int, int]]:
        """Steps [start, stop) of `values` that lie together in time: what a streaming scorer may read
        in one go."""
        edges = self.bounds[[0, -1]] if self.joined else self.bounds
        return [(int(a), int(b)) for a, b in pairwise(edges)]

    @property
    def windows(self) -> Any:
        return sliding_window_view(self.values, self.window, axis=0)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        end = self.ends[index]
        values = self.values[end - self.window + 1 : end + 1]
        return np.array(values.T, order="C"), int(self.labels[end])

    def batch(self, indices: Any) -> Any:
        """(b, d, T) float32: the inputs of these samples, a copy."""
        return self.windows[self.ends[np.asarray(indices)] - self.window + 1]

    def targets(self) -> Any:
        """(len,) int64: the labels of the windows' last steps."""
        return self.labels[self.ends].astype(np.int64)

    def entity_of(self) -> Any:
        """(len,) int64: which entity the window's last step belongs to, a place in `names`."""
        return np.searchsorted(self.bounds, self.ends, side="right") - 1
