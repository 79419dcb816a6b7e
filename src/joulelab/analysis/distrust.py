"""Runs whose joules a person must not take at face value, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from joulelab.analysis.hovers import is_number
from joulelab.analysis.table import Runs

LARGEST_U = 0.3
"""Relative standard uncertainty above which a value hardly says more than its order."""
LEAST_COVERAGE = 0.99
OUTLYING = 5.0
"""Scaled median absolute deviations from the median of its repeats (Iglewicz and Hoaglin, 1993,
use 3.5; with few repeats that names too many)."""
ENOUGH = 5
TO_SIGMA = 1.4826


def distrusted(runs: Runs) -> pd.DataFrame:
    """`run_id`, `configuration`, `why`, `rule`: a row a run and reason, of the runs that were kept."""
    table = runs.table
    kept = table[table["left_out"] == ""]
    found = [
        {"run_id": kept.at[index, "run_id"], "configuration": kept.at[index, "configuration"]
         if "configuration" in kept else kept.at[index, "name"], "why": why, "rule": rule}
        for index, rule, why in _reasons(runs, kept)
    ]  # fmt: skip
    return pd.DataFrame(found, columns=["run_id", "configuration", "why", "rule"])


def summary(found: pd.DataFrame, total: int) -> list[str]:
    """One line a rule, the one that names most runs first."""
    counts = found.groupby("rule")["run_id"].nunique().sort_values(ascending=False)
    return [
        f"{rule}: {count} of {total} runs ({count / total:.0%})" for rule, count in counts.items()
    ]


def _reasons(runs: Runs, kept: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    yield from _unresolved(runs, kept)
    yield from _uncertain(runs, kept)
    yield from _uncovered(kept)
    if "concurrent" in kept:
        for index in kept.index[kept["concurrent"].fillna(False).astype(bool)]:
            yield (
                int(index),
                "shared its machine",
                "other jobs ran beside it: it may hold their joules",
            )
    yield from _outlying(runs, kept)


def _unresolved(runs: Runs, kept: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    columns = {runs.energy: runs.energy}
    columns |= {column: label for label, column in getattr(runs, "instruments", {}).items()}
    for column, label in columns.items():
        if column not in kept:
            continue
        for index in kept.index[kept[column] == 0]:
            seconds: Any = kept.at[index, "duration_s"] if "duration_s" in kept else None
            lasted = f" although it lasted {seconds:.3g} s" if is_number(seconds) else ""
            yield (
                int(index),
                f"{label} is exactly 0: below its resolution",
                f"{label} saw 0 J{lasted}: nothing was resolved, the value is not a measurement",
            )
        for index in kept.index[kept[column] < 0]:
            if not column.startswith("energy_dynamic"):
                value: Any = kept.at[index, column]
                yield int(index), f"{label} is negative", f"{label} is {value:.3g} J"


def _uncertain(runs: Runs, kept: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    relative = kept[f"{runs.energy}_u"] / kept[runs.energy].abs().replace(0, np.nan)
    for index in kept.index[relative > LARGEST_U]:
        rule = f"uncertain by more than {LARGEST_U:.0%}"
        yield int(index), rule, f"its energy is uncertain by {relative[index]:.0%}"


def _uncovered(kept: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    names = [name for name in kept.columns if name.startswith("coverage/")]
    if not names:
        return
    least = kept[names].min(axis=1)
    for index in kept.index[least < LEAST_COVERAGE]:
        who = str(kept.loc[index, names].astype(float).idxmin()).partition("/")[2]
        why = f"{who} saw only {least[index]:.1%} of it"
        yield int(index), f"gaps: coverage below {LEAST_COVERAGE:.0%}", why


def _outlying(runs: Runs, kept: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    if "configuration" not in kept:
        return
    for _, group in kept.groupby("configuration", dropna=True):
        values = group[runs.energy].dropna()
        if len(values) < ENOUGH:
            continue
        median = float(values.median())
        sigma = TO_SIGMA * float((values - median).abs().median())
        if sigma <= 0:
            continue
        far = (values - median).abs() / sigma
        for index in values.index[far > OUTLYING]:
            why = (
                f"{values[index]:.4g} J lies {far[index]:.0f} deviations from the median of its "
                f"{len(values)} repeats, {median:.4g} J"
            )
            yield int(index), "far from its own repeats", why
