"""The runs that statistics are made of: which columns are figures, which are factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from joulelab.analysis.figures.fronts import provenance
from joulelab.analysis.figures.objectives import LABELS, UNITS
from joulelab.analysis.figures.spec import Axis, Floats
from joulelab.analysis.table import QUALITY_ROOTS, Runs
from joulelab.stats.front import Bools

MOST_MEASURES = 8
MOST_LEVELS = 8
"""A factor with more levels has no colour for each."""
FURTHER = ("duration_s", "power_w/mean", "energy_dynamic_j", "memory_bytes/peak")


@dataclass(frozen=True)
class Measure:
    column: str
    label: str
    unit: str


@dataclass(frozen=True)
class Study:
    """`rows` a run each, of one data set. `measures`: energy, quality, then what else was measured.
    `instruments`: label -> column. `suffix` of the figures' names, `on` of their titles."""

    rows: pd.DataFrame
    factors: list[str]
    measures: list[Measure]
    energy: str
    quality: str | None
    instruments: Mapping[str, str] = field(default_factory=dict)
    everything: pd.DataFrame | None = None
    suffix: str = ""
    on: str = ""

    @property
    def n(self) -> int:
        return len(self.rows)

    @property
    def provenance(self) -> list[str]:
        return list(provenance(self.rows))

    def values(self, measure: Measure) -> Floats:
        return numbers(self.rows, measure.column)

    def title(self, text: str) -> str:
        return f"{text} on {self.on}" if self.on else text

    def levels(self, factor: str) -> dict[str, Bools]:
        """Level (`model=scnn`) -> mask of its rows, in the order of the levels."""
        column = self.rows[factor]
        known = column.dropna().unique()
        ordered = sorted(known, key=lambda each: (isinstance(each, str), each))
        prefix = "" if factor in ("model", "configuration") else f"{factor.rpartition('.')[2]}="
        found = {f"{prefix}{_text(each)}": (column == each).to_numpy() for each in ordered}
        if column.isna().any():
            found[f"{prefix}none"] = column.isna().to_numpy()
        return found

    def groupings(self) -> list[str]:
        """Factors with 2 to 8 levels, in naming order."""
        return [
            name for name in self.factors
            if name in self.rows and 2 <= self.rows[name].nunique(dropna=False) <= MOST_LEVELS
        ]  # fmt: skip


def study_of(
    runs: Runs,
    rows: pd.DataFrame,
    quality: str | None,
    suffix: str = "",
    on: str = "",
    everything: pd.DataFrame | None = None,
) -> Study:
    """`rows`: those of the runs' table to speak of; `everything`: also those that were left out.
    Columns that hold no number, or the same numbers as one before them, are no further measure."""
    factors = list(getattr(runs, "factors", None) or ["model", "hardware", *runs.varying])
    factors = [name for name in factors if name in rows and rows[name].nunique(dropna=False) > 1]
    everything = runs.table if everything is None else everything
    instruments = distinct_instruments(runs, everything)
    names = [runs.energy, *([quality] if quality else []), *FURTHER, *instruments.values()]
    others = [
        name
        for name in getattr(runs, "qualities", rows.columns)
        if str(name).startswith(QUALITY_ROOTS)
    ]
    labels = {column: label for label, column in instruments.items()} | LABELS
    labels[runs.energy] = LABELS.get(runs.energy, runs.energy)
    kept: list[Measure] = []
    for name in dict.fromkeys([*names, *others]):
        if name in rows and len(kept) < MOST_MEASURES and _is_new(rows, name, kept):
            kept.append(Measure(name, labels.get(name, name), unit_of(name, instruments)))
    return Study(rows, factors, kept, runs.energy, quality, instruments, everything, suffix, on)


def distinct_instruments(runs: Runs, rows: pd.DataFrame) -> dict[str, str]:
    """Label -> column of the instruments that weighed whole runs; of columns that hold the same
    numbers under two names the first."""
    found: dict[str, str] = {}
    for label, column in getattr(runs, "instruments", {}).items():
        values = numbers(rows, column)
        if column in rows and not any(
            np.array_equal(values, numbers(rows, each), equal_nan=True) for each in found.values()
        ):
            found[label] = column
    return found


def ended(table: pd.DataFrame) -> pd.DataFrame:
    """Finished runs, each once: those too that no comparison takes, as for a zero."""
    finished = table["status"].isin(["FINISHED"]) | table["status"].isna()
    if "left_out" in table:
        twice = table["left_out"].astype(str).str.startswith(("duplicated", "paused"))
        finished &= ~twice
    return table[finished]


def numbers(rows: pd.DataFrame, column: str) -> Floats:
    """(n,) floats, NaN for what is no finite number."""
    if column not in rows:
        return np.full(len(rows), np.nan)
    found = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=float)
    return np.where(np.isfinite(found), found, np.nan)


def unit_of(column: str, instruments: Mapping[str, str]) -> str:
    if column in instruments.values():
        return "J"
    return next((unit for start, unit in UNITS if column.startswith(start)), "")


def logarithmic(values: Floats, unit: str) -> bool:
    """Costs over more than half a decade, all above zero."""
    known = values[np.isfinite(values)]
    if not unit or len(known) < 2 or float(known.min()) <= 0:
        return False
    return float(known.max()) > 3 * float(known.min())


def axis_of(measure: Measure, values: Floats) -> Axis:
    return Axis(
        measure.label, measure.unit, "log" if logarithmic(values, measure.unit) else "linear"
    )


def columns_of(study: Study, most: int = 10) -> Iterator[tuple[str, Floats]]:
    """Short name and values of the measures and of the factors that are numbers."""
    for measure in study.measures:
        yield short(measure), study.values(measure)
    for name in study.factors[: max(0, most - len(study.measures))]:
        values = study.rows[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            yield name.rpartition(".")[2], numbers(study.rows, name)


def short(measure: Measure) -> str:
    return measure.label.removesuffix(" of a run")


def listed(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _is_new(rows: pd.DataFrame, name: str, kept: Sequence[Measure]) -> bool:
    values = numbers(rows, name)
    if np.isnan(values).all():
        return False
    return not any(
        np.array_equal(values, numbers(rows, each.column), equal_nan=True) for each in kept
    )


def _text(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)
