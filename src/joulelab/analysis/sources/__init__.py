"""Where the runs of an analysis come from: the store, a table made elsewhere, recordings."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from omegaconf import DictConfig

from joulelab.analysis.sources.recorded_runs import RecordingsSource
from joulelab.analysis.sources.runs_of_store import StoreSource
from joulelab.analysis.sources.source import Source
from joulelab.analysis.sources.tables import TableSource
from joulelab.errors import ConfigError

KINDS: dict[str, Callable[[DictConfig], Source]] = {
    "store": StoreSource,
    "csv": TableSource,
    "recordings": RecordingsSource,
}


def of(cfg: DictConfig) -> Source:
    """ConfigError for a source that there is not, or whose keys are wrong."""
    kind = str(cfg.source)
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1, 0.0)
        raise ConfigError(
            f"{kind!r} is not one of {', '.join(KINDS)}",
            where="source",
            cure=f"did you mean {near[0]}?",
        )
    return KINDS[kind](cfg)
