"""What one run answers for several numbers of steps: quality and joules of each."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.table import Table

from joulelab.records import Metrics, RunRecord
from joulelab.units import si

_SHOWN = ("vus_pr", "point_f1", "point_adjusted_f1_best")
_TRAIN_J = "train/energy_j"


def steps_table(record: RunRecord) -> Table | None:
    """A row for each point of the curve at which the test split was scored, and one for the end; None
    where there was no such point."""
    rows = list(_rows(record))
    if len(rows) < 2:
        return None
    table = Table(title="by steps", title_justify="left", title_style="bold")
    for name in ("steps", *_SHOWN, "training", "fit so far"):
        table.add_column(name, justify="right")
    for step, energy_j, metrics in rows:
        shown = (_figure(metrics.get(f"test/{name}", math.nan)) for name in _SHOWN)
        table.add_row(
            str(step), *shown, si(metrics.get(_TRAIN_J, math.nan), "J"), si(energy_j, "J")
        )
    return table


def _rows(record: RunRecord) -> Iterator[tuple[int, float, Metrics]]:
    """Step, joules of the fit so far, metrics; the last has the figures of `evaluate`."""
    for point in record.curve:
        if "test/vus_pr" in point.metrics:
            yield point.step, point.energy_j, point.metrics
    if record.curve and "test/vus_pr" in record.metrics:
        last = record.curve[-1]
        tested = {key: x for key, x in record.metrics.items() if key.startswith("test/")}
        yield last.step, last.energy_j, {**last.metrics, **tested}


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
