"""One row a configuration: mean over its repeats, uncertainty, and whether it is on the front."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from joulelab.analysis.names import short_names
from joulelab.analysis.table import CHOICES, QUALITY_ROOTS, TAGS, Runs, nearest
from joulelab.config import TRAINING_KEYS
from joulelab.stats.front import Direction, non_dominated
from joulelab.stats.front_probability import front_probability
from joulelab.stats.repeats import Mean, mean_of_repeats
from joulelab.stats.uncertain import UncertainPoints

PREFERRED = ("test/f1_macro", "test/accuracy", "test/", "val/f1_macro", "val/accuracy", "val/")
LOWER_IS_BETTER = re.compile(r"(loss|error|mae|mse|rmse|brier|nll)$")


@dataclass
class Comparison:
    """All configurations of one data set, best quality first. `table`: what varies, `n`, `<energy>`
    with its uncertainties, `quality` and `quality_u` of the metric `quality`, `baseline`, `front`."""

    data: str
    quality: str
    energy: str
    table: pd.DataFrame
    notes: list[str] = field(default_factory=list)

    @property
    def direction(self) -> Direction:
        return direction_of(self.quality)

    def mean_energy(self, index: int) -> Mean:
        row = self.table.loc[index].to_dict()
        own, shared = row[f"{self.energy}_u_independent"], row[f"{self.energy}_u_shared"]
        return Mean(float(row[self.energy]), float(own), float(shared), int(row["n"]))


def direction_of(metric: str) -> Direction:
    return "min" if LOWER_IS_BETTER.search(metric) else "max"


def compare(
    runs: Runs, quality: str | None = None, by: Sequence[str] | None = None
) -> list[Comparison]:
    """One comparison a data set, of the runs that nothing left out. Writes into the runs' table its
    columns `left_out` (for want of the quality metric) and `configuration`. ConfigError for a
    `quality` or `by` that no run has."""
    table = runs.table
    known = [name for name in table.columns if name.startswith(QUALITY_ROOTS)]
    if quality is not None and quality not in known:
        raise nearest("quality", quality, sorted(known))
    for name in by or ():
        if name not in (*CHOICES, *runs.varying):
            raise nearest("by", name, [*CHOICES, *runs.varying])
    table["configuration"] = pd.Series([None] * len(table), dtype=object)
    found = []
    for data, group in table[table["left_out"] == ""].groupby("data", dropna=False, sort=True):
        metric = quality or _quality_of(group)
        lacking = group.index if metric is None else group.index[group[metric].isna()]
        table.loc[lacking, "left_out"] = f"no {metric or 'quality metric'}"
        judged = group.drop(lacking)
        if metric is not None and len(judged):
            found.append(_compare(runs, str(data), judged, metric, by))
    return found


def _quality_of(group: pd.DataFrame) -> str | None:
    names = [name for name in sorted(group.columns) if group[name].notna().any()]
    for wanted in PREFERRED:
        for name in names:
            if name == wanted or (wanted.endswith("/") and name.startswith(wanted)):
                return str(name)
    return None


def _compare(
    runs: Runs, data: str, group: pd.DataFrame, metric: str, by: Sequence[str] | None
) -> Comparison:
    keys = list(by) if by else _keys(group, runs.varying)
    pieces = list(_pieces(group, by))
    table = pd.DataFrame([_mean_row(piece, runs.energy, metric, keys) for piece in pieces])
    table.insert(0, "configuration", short_names(table, [*keys, "provenance", "host"]))
    for name, piece in zip(table["configuration"], pieces, strict=True):
        runs.table.loc[piece.index, "configuration"] = name
    ascending = direction_of(metric) == "min"
    table = table.sort_values("quality", ascending=ascending, ignore_index=True)
    comparison = Comparison(data, metric, runs.energy, table, list(_notes(group)))
    _add_front(comparison)
    return comparison


def _pieces(group: pd.DataFrame, by: Sequence[str] | None) -> Iterator[pd.DataFrame]:
    """The repeats of each configuration. Joules that were estimated, or of another kind of machine,
    are never averaged with the others."""
    identity = list(by) if by else ["config_hash"]
    named = group
    if not by:
        named = group.assign(config_hash=group["config_hash"].fillna(group["run_id"]))
    apart = ["provenance", "hardware_fingerprint"]
    for _, piece in named.groupby([*identity, *apart], dropna=False, sort=False):
        yield piece


def _keys(group: pd.DataFrame, varying: Sequence[str]) -> list[str]:
    here = [name for name in varying if group[name].nunique(dropna=False) > 1]
    root = [name for name in here if name in TRAINING_KEYS]
    return ["model", *root, "hardware", *(name for name in here if name not in root)]


def _mean_row(
    piece: pd.DataFrame, energy: str, metric: str, keys: Sequence[str]
) -> dict[str, object]:
    own, shared = f"{energy}_u_independent", f"{energy}_u_shared"
    joules = mean_of_repeats(piece[energy], piece[own], piece[shared])
    quality = mean_of_repeats(piece[metric])
    baseline = "baseline/" + metric.partition("/")[2]
    first = piece.iloc[0]
    row: dict[str, object] = {"data": first["data"], **{key: first[key] for key in keys}}
    row |= {"n": len(piece), energy: joules.value, f"{energy}_u": joules.u}
    row |= {own: joules.u_independent, shared: joules.u_shared}
    row |= {"quality_metric": metric, "quality": quality.value, "quality_u": quality.u}
    for name, key in (("baseline", baseline), ("duration_s", "duration_s")):
        row[name] = float(piece[key].mean()) if key in piece else float("nan")
    row |= {tag: first[tag] for tag in TAGS if tag not in ("seed", "sweep_id")}
    row["synthetic"] = bool(piece["synthetic"].any())
    return row


def _add_front(comparison: Comparison) -> None:
    table, energy = comparison.table, comparison.energy
    points = table[[energy, "quality"]].to_numpy(dtype=float)
    directions: tuple[Direction, Direction] = ("min", comparison.direction)
    table["front"] = non_dominated(points, directions).members
    # The shared part moves all points together: it cannot change who is on the front.
    u = table[[f"{energy}_u_independent", "quality_u"]].to_numpy(dtype=float)
    if len(table) > 1 and np.isnan(u).any():
        once = int(np.isnan(u).any(axis=1).sum())
        comparison.notes.append(
            f"how sure the front is stays unknown: {once} of {len(table)} configurations ran once "
            "(repeats=3 tells)"
        )
    table["front_probability"] = (
        float("nan")
        if np.isnan(u).any()
        else front_probability(UncertainPoints(points, u), directions)
    )


def _notes(group: pd.DataFrame) -> Iterator[str]:
    provenances = sorted(group["provenance"].dropna().unique())
    if len(provenances) > 1:
        yield f"{' and '.join(provenances)} joules stand side by side: compare within one kind only"
    machines = group["hardware_fingerprint"].nunique()
    if machines > 1:
        yield f"runs of {machines} kinds of machine stand side by side"
    beside = int(group["concurrent"].sum())
    if beside:
        yield f"{beside} runs shared their machine with other jobs, whose joules they may hold"
