"""Two runs, or two configurations, side by side: what differs, and what each cost and reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.names import nearest
from joulelab.analysis.table import Runs
from joulelab.errors import ConfigError, DataError
from joulelab.stats.repeats import Mean, mean_of_repeats

SHORTEST = 4
"""A beginning of an id has so many letters at least."""
BESIDES = ("seed", "host", "hardware_fingerprint", "provenance", "headline", "concurrent")
"""What may differ beside the factors."""


@dataclass(frozen=True)
class Side:
    """Means over the repeats (`table`, n rows); `phases` by column, such as `energy_j/fit`."""

    name: str
    table: pd.DataFrame
    energy: Mean
    quality: Mean
    duration: Mean
    phases: dict[str, Mean]

    @property
    def n(self) -> int:
        return len(self.table)

    @property
    def run_ids(self) -> list[str]:
        return [str(run_id) for run_id in self.table["run_id"]]


@dataclass(frozen=True)
class Pair:
    """`differing`: rows of `key`, `a`, `b`, factors first. `same_instrument`: what their meter has
    wrong, it has wrong for both."""

    a: Side
    b: Side
    quality_name: str
    energy_name: str
    differing: pd.DataFrame
    same_instrument: bool
    notes: list[str] = field(default_factory=list)


def pair(runs: Runs, names: Sequence[str], comparisons: Sequence[Comparison]) -> Pair:
    """ConfigError for a name that no run has, DataError for a run that was left out."""
    found = [find(runs, name) for name in names]
    for name, rows in zip(names, found, strict=True):
        why = [reason for reason in rows["left_out"] if reason]
        if len(why) == len(rows):
            raise DataError(f"{name} cannot be compared: {why[0]}", where="compare")
    first, second = (rows[rows["left_out"] == ""] for rows in found)
    if set(first["run_id"]) & set(second["run_id"]):
        raise ConfigError(
            "both names mean the same run", where="compare", cure="name two that differ"
        )
    quality = _quality(runs, first, second, comparisons)
    same = all(
        set(first[tag].dropna()) == set(second[tag].dropna()) for tag in ("host", "headline")
    )
    notes = []
    kinds = {kind for side in (first, second) for kind in side["provenance"].dropna()}
    if len(kinds) > 1:
        notes.append(f"{' and '.join(sorted(kinds))} joules: they were not weighed alike")
    if set(first["data"].dropna()) != set(second["data"].dropna()):
        notes.append("they were not judged on the same data")
    a, b = _side(runs, names[0], first, quality), _side(runs, names[1], second, quality)
    differing = _differing(runs, first, second)
    return Pair(a, b, quality, runs.energy, differing, same, notes)


def find(runs: Runs, name: str) -> pd.DataFrame:
    """Rows of the run with this id or unique beginning of an id, else of the configuration with this
    name, else of all runs with it."""
    table = runs.table
    ids = table["run_id"].astype(str)
    labels = table["configuration"].fillna("").astype(str)
    # Configurations may be named by their values alone: `inception 0.001`.
    values = labels.str.replace(r"(^| )[^ =]+=", r"\1", regex=True)
    for chosen in (ids == name, labels == name, values == name, table["name"] == name):
        if chosen.any():
            return table[chosen]
    begins = ids.str.startswith(name) & (len(name) >= SHORTEST)
    if ids[begins].nunique() == 1:
        return table[begins]
    if begins.any():
        raise ConfigError(
            f"several runs have an id that begins with {name!r}",
            where="compare",
            cure="say more of it",
        )
    known = dict.fromkeys([*labels, *table["name"].dropna(), *ids])
    raise nearest("compare", name, [each for each in known if each])


def _side(runs: Runs, name: str, rows: pd.DataFrame, quality: str) -> Side:
    return Side(
        name,
        rows,
        _mean(rows, runs.energy),
        _mean(rows, quality),
        _mean(rows, "duration_s"),
        {phase: _mean(rows, phase) for phase in runs.phases if rows[phase].notna().any()},
    )


def _mean(rows: pd.DataFrame, name: str) -> Mean:
    if name not in rows:
        return Mean(float("nan"), float("nan"), float("nan"), 0)
    own, shared = rows.get(f"{name}_u_independent"), rows.get(f"{name}_u_shared")
    return mean_of_repeats(rows[name], own, shared)


def _quality(
    runs: Runs, first: pd.DataFrame, second: pd.DataFrame, comparisons: Sequence[Comparison]
) -> str:
    judged = [each.quality for each in comparisons if each.data in set(first["data"])]
    for name in (*judged, *runs.qualities):
        if first[name].notna().any() and second[name].notna().any():
            return name
    raise DataError(
        "the two have no quality metric in common", where="compare", cure="say quality=..."
    )


def _differing(runs: Runs, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    keys = dict.fromkeys(["model", "data", "hardware", *runs.factors, *BESIDES])
    rows = []
    for key in keys:
        a, b = _shown(first, key), _shown(second, key)
        if a != b:
            rows.append({"key": key, "a": a, "b": b})
    return pd.DataFrame(rows, columns=["key", "a", "b"])


def _shown(rows: pd.DataFrame, key: str) -> str:
    values: list[object] = list(rows[key].dropna()) if key in rows else []
    texts = {f"{each:g}" if isinstance(each, float) else str(each) for each in values}
    return ", ".join(sorted(texts)) or "–"
