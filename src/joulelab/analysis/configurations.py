"""One row a configuration: mean over its repeats, uncertainty, and whether it is on the front."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from joulelab.analysis import reasons
from joulelab.analysis.means import mean_columns
from joulelab.analysis.names import nearest, short_names
from joulelab.analysis.table import Runs
from joulelab.config import TRAINING_KEYS
from joulelab.stats.front import Direction, Floats, non_dominated
from joulelab.stats.front_probability import front_probability
from joulelab.stats.lending import lend
from joulelab.stats.repeats import Mean
from joulelab.stats.uncertain import UncertainPoints

LOWER_IS_BETTER = re.compile(
    r"(?:^|[/_\W])(loss|error|mae|mse|rmse|brier|nll|perplexity)(?:$|[/_\W])", re.IGNORECASE
)
COST = re.compile(r"(energy|duration|memory|power|emissions|cost|latency)")
APART = ("provenance", "hardware_fingerprint")
"""Joules that were estimated, or of another kind of machine, are never averaged with the others."""


@dataclass
class Comparison:
    """All configurations of one data set, best quality first.

    `table`: what varies (`factors`), `n`, `<energy>` with its uncertainties, `quality` and
    `quality_u` of the metric `quality`, `baseline`, `front`, and for each of `objectives` a column
    and its `_u`. `runs`: the runs that were judged; its `configuration` says which row is theirs.
    """

    data: str
    quality: str
    energy: str
    table: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    objectives: list[str] = field(default_factory=list)
    runs: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def direction(self) -> Direction:
        return direction_of(self.quality)

    def mean_energy(self, index: int) -> Mean:
        row = self.table.loc[index].to_dict()
        own, shared = row[f"{self.energy}_u_independent"], row[f"{self.energy}_u_shared"]
        return Mean(float(row[self.energy]), float(own), float(shared), int(row["n"]))


def direction_of(metric: str) -> Direction:
    """Less is better of what is spent and of errors, more of everything else."""
    return "min" if LOWER_IS_BETTER.search(metric) or COST.match(metric) else "max"


def compare(
    runs: Runs,
    quality: str | None = None,
    by: Sequence[str] | None = None,
    objectives: Sequence[str] | None = None,
) -> list[Comparison]:
    """One comparison a data set, of the runs that nothing left out. Writes into the runs' table its
    columns `left_out` (for want of a metric) and `configuration`. ConfigError for a `quality`, `by`
    or objective that no run has."""
    table = runs.table
    numeric = [name for name in table.columns if table[name].dtype == float]
    if quality is not None and quality not in numeric:
        raise nearest("quality", quality, runs.qualities)
    for name in objectives or ():
        if name not in numeric:
            raise nearest("objectives", name, [*runs.qualities, runs.energy, *numeric])
    for name in by or ():
        if name not in ("model", "data", "hardware", *runs.factors):
            raise nearest("by", name, ["model", "data", "hardware", *runs.varying])
    chosen = quality or _of_objectives(objectives)
    table["configuration"] = pd.Series([None] * len(table), dtype=object)
    found = []
    for data, group in table[table["left_out"] == ""].groupby("data", dropna=False, sort=True):
        metric = chosen or _quality_of(group, runs.qualities)
        wanted = list(objectives or [name for name in (runs.energy, metric) if name])
        judged = _judged(runs, group, metric, wanted)
        if metric is not None and len(judged):
            found.append(_compare(runs, str(data), judged, metric, by, wanted))
    return found


def _of_objectives(objectives: Sequence[str] | None) -> str | None:
    """What is not spent is what it is spent for."""
    return next((name for name in objectives or () if not COST.match(name)), None)


def _quality_of(group: pd.DataFrame, qualities: Sequence[str]) -> str | None:
    return next((name for name in qualities if group[name].notna().any()), None)


def _judged(
    runs: Runs, group: pd.DataFrame, metric: str | None, wanted: Sequence[str]
) -> pd.DataFrame:
    for name in dict.fromkeys([metric, *wanted]):
        if name is None:
            why = pd.Series("no quality metric", index=runs.table.index, dtype=object)
        else:
            why = reasons.of_metric(runs, name, f"no {name}")
        reasons.leave_out(runs.table, why.where(why.index.isin(group.index), ""))
    judged: pd.DataFrame = group[runs.table.loc[group.index, "left_out"] == ""]
    return judged


def _compare(
    runs: Runs,
    data: str,
    group: pd.DataFrame,
    metric: str,
    by: Sequence[str] | None,
    objectives: list[str],
) -> Comparison:
    keys = list(by) if by else _keys(group, runs.varying)
    codes = _pieces(group, by)
    first = group.iloc[np.unique(codes, return_index=True)[1]].reset_index(drop=True)
    table = pd.DataFrame({"data": first["data"], **{key: first[key] for key in keys}})
    table.insert(0, "configuration", short_names(first, [*keys, "provenance", "host"]))
    runs.table.loc[group.index, "configuration"] = table["configuration"].to_numpy()[codes]
    means = mean_columns(group, codes, first, runs.energy, metric, objectives)
    table = pd.concat([table, means], axis=1)
    ascending = direction_of(metric) == "min"
    table = table.sort_values("quality", ascending=ascending, ignore_index=True, kind="stable")
    comparison = Comparison(data, metric, runs.energy, table, list(_notes(group)))
    comparison.notes += _zeros(runs, group)
    comparison.factors = [key for key in keys if table[key].nunique(dropna=False) > 1]
    comparison.objectives = objectives
    comparison.runs = runs.table.loc[group.index]
    _add_front(comparison)
    return comparison


def _pieces(group: pd.DataFrame, by: Sequence[str] | None) -> npt.NDArray[np.int64]:
    """(n,) the configuration of each run, numbered in order of appearance."""
    named = group
    if not by:
        named = group.assign(config_hash=group["config_hash"].fillna(group["run_id"]))
    identity = [*(by or ["config_hash"]), *APART]
    codes = named.groupby(identity, dropna=False, sort=False).ngroup().to_numpy()
    return np.asarray(pd.factorize(codes)[0], dtype=np.int64)


def _keys(group: pd.DataFrame, varying: Sequence[str]) -> list[str]:
    here = [name for name in varying if group[name].nunique(dropna=False) > 1]
    root = [name for name in here if name in TRAINING_KEYS]
    return ["model", *root, "hardware", *(name for name in here if name not in root)]


def _add_front(comparison: Comparison) -> None:
    table, energy = comparison.table, comparison.energy
    points = table[[energy, "quality"]].to_numpy(dtype=float)
    directions: tuple[Direction, Direction] = ("min", comparison.direction)
    table["front"] = non_dominated(points, directions).members
    chances, note = _front_chances(comparison, points, directions)
    table["front_probability"] = chances
    if note and len(table) > 1:
        comparison.notes.append(note)


def _front_chances(
    comparison: Comparison, points: Floats, directions: tuple[Direction, Direction]
) -> tuple[Floats | float, str]:
    """P(front), NaN where nothing was repeated, and what must be known of it."""
    table, energy = comparison.table, comparison.energy
    own = lend(points[:, 0], table[f"{energy}_u_independent"], table["n"], relative=True)
    quality = lend(points[:, 1], table["quality_u"], table["n"])
    u = np.column_stack([own.u, quality.u])
    once = int((table["n"] == 1).sum())
    if np.isnan(u).any():
        return float("nan"), (
            f"how sure the front is stays unknown: {once} of {len(table)} configurations ran once "
            "(repeats=3 tells)"
        )
    # One meter of one machine: its error moves all its points together.
    meters = table["host"].astype(str) + "/" + table["headline"].astype(str)
    shared = np.column_stack([table[f"{energy}_u_shared"].fillna(0.0), np.zeros(len(table))])
    freedom = np.column_stack([own.degrees_of_freedom, quality.degrees_of_freedom])
    uncertain = UncertainPoints(points, u, shared, meters.to_numpy(dtype=str), freedom)
    note = ""
    if (own.lent | quality.lent).any():
        note = (
            f"{once} of {len(table)} configurations ran once: how sure their place on the front is "
            "assumes that they scatter as the repeated ones do"
        )
    return front_probability(uncertain, directions), note


def _zeros(runs: Runs, group: pd.DataFrame) -> list[str]:
    """What follows from leaving out the runs of a configuration that saw nothing, but not the others."""
    zero = runs.table[(runs.table[runs.energy] == 0) & runs.table["config_hash"].notna()]
    zero = zero[zero["config_hash"].isin(group["config_hash"])]
    if zero.empty:
        return []
    return [
        f"{len(zero)} runs that saw exactly 0 J are left out of {zero['config_hash'].nunique()} "
        "configurations whose other runs count: their mean energies are too high"
    ]


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
