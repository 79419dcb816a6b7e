"""What a configuration's row says: the means over its repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from joulelab.analysis.table import TAGS
from joulelab.stats.repeats import Means, means_of_groups

MEANS = ("duration_s", "power_w/mean", "memory_bytes/peak", "emissions_kg", "cost")
"""Told of every configuration whose runs have them."""

OF_ONE_RUN = ("seed", "sweep_id")


def mean_columns(
    group: pd.DataFrame,
    codes: npt.NDArray[np.int64],
    first: pd.DataFrame,
    energy: str,
    metric: str,
    objectives: Sequence[str],
) -> pd.DataFrame:
    """A row a configuration. `codes` (n,) says whose each run of `group` is, `first` has its first
    run."""
    count = len(first)

    def mean(name: str) -> Means:
        return means(group, codes, count, name)

    joules, quality = mean(energy), mean(metric)
    row: dict[str, Any] = {"n": np.bincount(codes, minlength=count)}
    row |= with_u(energy, joules) | {"quality_metric": metric}
    row |= {"quality": quality.value, "quality_u": quality.u}
    baseline = "baseline/" + metric.partition("/")[2]
    row["baseline"] = mean(baseline).value if baseline in group else np.full(count, np.nan)
    for name in dict.fromkeys([*MEANS, *phases(group), *objectives]):
        if name in group and name not in row:
            row |= with_u(name, mean(name))
    if "duration_s" not in row:
        row["duration_s"] = np.full(count, np.nan)
    row |= {tag: first[tag] for tag in TAGS if tag not in OF_ONE_RUN}
    synthetic = np.bincount(codes, weights=group["synthetic"], minlength=count) > 0
    return pd.DataFrame(row | {"synthetic": synthetic})


def means(group: pd.DataFrame, codes: npt.NDArray[np.int64], count: int, name: str) -> Means:
    """With what the meter itself says of each run, where it does."""
    own, shared = group.get(f"{name}_u_independent"), group.get(f"{name}_u_shared")
    return means_of_groups(codes, count, group[name], own, shared)


def with_u(name: str, found: Means) -> dict[str, Any]:
    return {
        name: found.value,
        f"{name}_u": found.u,
        f"{name}_u_independent": found.u_independent,
        f"{name}_u_shared": found.u_shared,
    }


def phases(group: pd.DataFrame) -> list[str]:
    """Energies of the top-level phases."""
    return [
        name
        for name in group.columns
        if name.startswith("energy_j/") and name.count("/") == 1 and "_u_" not in name
    ]
