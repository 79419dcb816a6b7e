"""What a fit of a detector needs to go on, in one file that both frameworks read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.errors import LearnerError
from joulelab.records import Metrics

_FILE = "learner.npz"


@dataclass
class Progress:
    """Where a fit is; with the detector's state all that it needs to go on."""

    seed: int
    batch_size: int
    step: int = 0
    validated: int = 0  # the step of the last validation
    metrics: Metrics = field(default_factory=dict)  # of that validation
    spikes: dict[str, Any] = field(default_factory=dict)


def write(folder: Path, progress: Progress, state: Mapping[str, Any]) -> None:
    arrays: dict[str, Any] = {**state, "progress": np.array(json.dumps(asdict(progress)))}
    np.savez(folder / _FILE, **arrays)


def read(folder: Path, batch_size: int) -> tuple[Progress, dict[str, Any]]:
    """LearnerError for a file that is none, or was written at another batch size."""
    file = folder / _FILE
    try:
        with np.load(file, allow_pickle=False) as saved:
            state = {name: saved[name] for name in saved.files}
        progress = Progress(**json.loads(str(state.pop("progress"))))
    except Exception as error:  # a file can be broken in as many ways as there are readers in it
        raise LearnerError(
            f"cannot be read as a saved learner ({type(error).__name__})",
            where=str(file),
            cure="name a folder that this model was saved into",
        ) from error
    if progress.batch_size != batch_size:
        raise LearnerError(
            f"was saved at batch_size={progress.batch_size}, a fit cannot go on with {batch_size}",
            where=str(file),
            cure=f"say batch_size={progress.batch_size}",
        )
    return progress, state
