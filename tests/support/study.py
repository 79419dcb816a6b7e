"""A small study as a store's rows: four configurations, three repeats each."""

from __future__ import annotations

from typing import Any

from support.records import make_record

from joulelab.records import RunRecord
from joulelab.tracking.null_store import row_of

CONFIGURATIONS = (
    ("minirocket", 1e-3, 12.0, 0.80),
    ("spectrogram_cnn", 1e-4, 140.0, 0.60),
    ("spectrogram_cnn", 1e-2, 170.0, 0.75),
    ("inception", 1e-3, 1800.0, 0.86),
)
SCATTER = (-0.01, 0.0, 0.01)


def study(data: str = "job_traces", repeats: int = 3, **tags: str) -> list[RunRecord]:
    """The front is minirocket (12 J, 0.80) and inception (1800 J, 0.86)."""
    return [
        make_record(
            f"{data}-{model}-{lr:g}-{seed}",
            model=model,
            data=data,
            lr=lr,
            seed=seed,
            energy_j=energy_j * (1 + noise),
            metrics={"test/f1_macro": quality + noise, "test/accuracy": quality},
            tags={"keys_read": "" if model == "minirocket" else "lr", **tags},
        )
        for model, lr, energy_j, quality in CONFIGURATIONS
        for seed, noise in enumerate(SCATTER[:repeats])
    ]


def rows(records: list[RunRecord]) -> list[dict[str, Any]]:
    return [row_of(record) for record in records]
