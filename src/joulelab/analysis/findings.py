"""What must be known of whole instruments and metrics before their figures are believed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from joulelab.analysis.distrust import weighings
from joulelab.analysis.figures.study import ended, numbers
from joulelab.analysis.table import Runs
from joulelab.stats.clock import clock
from joulelab.stats.front import Floats
from joulelab.units import duration

FEWEST = 10
TWOFOLD = 2.0


def findings(runs: Runs) -> list[str]:
    """Sentences: instruments that are clocks or resolve nothing below some duration, quality that does
    not vary over repeats, provenances and machines that stand side by side."""
    rows = ended(runs.table)
    seconds = numbers(rows, "duration_s")
    found: list[str] = []
    for label, joules in weighings(runs, rows).items():
        found += _clock(label, joules, seconds)
        found += _resolution(label, joules, seconds)
    found += _mixed(runs.kept)
    found += _flat(runs)
    return found


def _clock(label: str, joules: Floats, seconds: Floats) -> Iterator[str]:
    known = np.isfinite(joules) & (seconds > 0)
    if known.sum() < FEWEST or seconds[known].max() < TWOFOLD * seconds[known].min():
        return
    found = clock(joules, seconds)
    if found.is_clock:
        yield (
            f"{label} is a clock in these runs: {found.mean_w:.3g} ± {found.sd_w:.2g} W whatever ran "
            f"(r = {found.r:.6f} with the duration, n = {found.n:,}). It tells nothing beyond the "
            "duration."
        )


def _resolution(label: str, joules: Floats, seconds: Floats) -> Iterator[str]:
    known = np.isfinite(joules) & (seconds > 0)
    zero = known & (joules == 0)
    if not zero.any():
        return
    total, longest = int(known.sum()), float(seconds[zero].max())
    above = seconds[known & (joules > 0)]
    told = (
        f"{label} is exactly 0 J in {int(zero.sum()):,} of {total:,} runs ({zero.sum() / total:.0%}), "
        f"up to {duration(longest)} long: it does not resolve them."
    )
    if len(above):
        shortest = float(above.min())
        below = int((known & (seconds < shortest)).sum())
        if below:
            told += f" None of the {below:,} runs under {duration(shortest)} has any."
    yield told


def _mixed(rows: pd.DataFrame) -> Iterator[str]:
    kinds = sorted(rows["provenance"].dropna().astype(str).unique()) if "provenance" in rows else []
    if len(kinds) > 1:
        counts = rows["provenance"].value_counts()
        parts = " and ".join(f"{counts[kind]:,} {kind}" for kind in kinds)
        yield f"Joules of two kinds stand side by side, {parts}: compare within one kind only."


def _flat(runs: Runs) -> Iterator[str]:
    """A quality that is the same in all repeats of nearly every configuration."""
    rows = runs.kept
    if "configuration" not in rows:
        return
    for name in getattr(runs, "qualities", [])[:3]:
        if name not in rows:
            continue
        values = pd.Series(numbers(rows, name), index=rows.index)
        groups = values.groupby(rows["configuration"])
        repeated = groups.count() > 1
        spread = (groups.max() - groups.min())[repeated]
        size = np.maximum(groups.max().abs()[repeated], 1e-300)
        flat = int((spread <= 1e-9 * size).sum())
        if len(spread) and flat == len(spread):
            yield (
                f"{name} is the same in all repeats of each of {flat} configurations: the repeats tell "
                "nothing of how sure it is (one seed, or a figure that does not depend on it)."
            )
