"""What a person asked of an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from joulelab.analysis.carbon import Intensity
from joulelab.protocols import RunStore


@dataclass(frozen=True)
class Options:
    """`source`: what was read, `command`: the line that asked for it, `outputs`: where run folders
    with their traces lie; `store` is None for tables from elsewhere."""

    by: list[str] | None
    quality: str | None
    energy: str
    objectives: list[str] | None
    compare: list[str] | None
    intensity: Intensity | None
    price_per_kwh: float | None
    currency: str
    outputs: Path
    log_figures: bool
    command: str
    source: str
    store: RunStore | None
