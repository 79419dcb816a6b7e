"""What a report speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.table import Runs
from joulelab.protocols import RunStore


@dataclass
class Analysis:
    """`source`: which store or file was read, and what was chosen of it. `command`: as it was typed.
    `roots`: where run folders with
    their traces lie. `store`: where figures are logged."""

    runs: Runs
    comparisons: list[Comparison]
    pair: Any = None
    options: Any = None
    source: str = ""
    command: str = ""
    roots: Sequence[Path] = ()
    store: RunStore | None = None
    log_figures: bool = False
