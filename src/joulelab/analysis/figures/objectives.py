"""What may lie on an axis of a front: its column, uncertainty, unit and better direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from joulelab.analysis.configurations import Comparison, direction_of
from joulelab.analysis.figures.spec import Axis, Better, Floats
from joulelab.stats.front import Direction

UNITS = (
    ("energy", "J"), ("duration", "s"), ("power_w", "W"), ("memory_bytes", "B"),
    ("emissions_kg", "g"),
)  # fmt: skip
LABELS = {
    "energy_j": "energy of a run",
    "energy_dynamic_j": "dynamic energy of a run",
    "duration_s": "duration of a run",
    "emissions_kg": "emissions of a run, CO₂e",
    "memory_bytes/peak": "peak memory",
    "cost": "cost of a run",
}


@dataclass(frozen=True)
class Objective:
    name: str
    column: str
    u_column: str
    label: str
    unit: str
    direction: Direction
    scale: float = 1.0

    def values(self, table: pd.DataFrame) -> Floats:
        return _numbers(table, self.column) * self.scale

    def uncertainties(self, table: pd.DataFrame) -> Floats:
        return _numbers(table, self.u_column) * self.scale

    def axis(self, values: Floats) -> Axis:
        """Logarithmic for a cost over more than half a decade; a value at or below zero, such as a
        dynamic energy may have, needs a linear one."""
        known = values[np.isfinite(values)]
        cost = bool(self.unit) and len(known) > 1 and float(known.min()) > 0
        log = cost and float(known.max()) > 3 * float(known.min())
        better: Better = "less" if self.direction == "min" else "more"
        return Axis(self.label, self.unit, "log" if log else "linear", better)


def objective_of(comparison: Comparison, name: str, currency: str = "") -> Objective:
    """`name`: `quality`, its metric, the energy in question, or a further column of the table."""
    if name in ("quality", comparison.quality):
        return Objective(name, "quality", "quality_u", comparison.quality, "", comparison.direction)
    unit = next((unit for start, unit in UNITS if name.startswith(start)), "")
    label = LABELS.get(name, name)
    if name == "cost" and currency:
        label = f"{label} ({currency})"
    scale = 1000.0 if name == "emissions_kg" else 1.0
    direction: Direction = "min" if unit or name == "cost" else direction_of(name)
    return Objective(name, name, f"{name}_u", label, unit, direction, scale)


def objectives_of(comparison: Comparison, currency: str = "") -> list[Objective]:
    """Energy and quality first, then what else was asked for and is there."""
    wanted = [comparison.energy, "quality"]
    for name in getattr(comparison, "objectives", ()):
        if name not in (*wanted, comparison.quality) and name in comparison.table:
            wanted.append(name)
    return [objective_of(comparison, name, currency) for name in wanted]


def _numbers(table: pd.DataFrame, column: str) -> Floats:
    if column not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
