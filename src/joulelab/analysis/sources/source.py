"""What a source of runs is."""

from __future__ import annotations

from typing import Protocol

from joulelab.analysis.table import Runs
from joulelab.protocols import RunStore


class Source(Protocol):
    """`needs_store`: whether `read` is to be given one. `quality` is the metric that it names as
    such, None to leave that to what the runs have."""

    needs_store: bool
    quality: str | None

    def label(self, store: RunStore | None) -> str: ...
    def read(self, store: RunStore | None, energy: str) -> Runs: ...
