"""The sentence that a person came for, and what must be known to believe it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.hovers import is_number, number_with_u, quantity, unit_of
from joulelab.analysis.page.blocks import Answer
from joulelab.stats.repeats import ratio
from joulelab.units import si

CLEARLY = 2.0
"""Two values differ clearly where their difference is this many standard uncertainties (k = 2)."""


def answer_of(comparison: Comparison, runs: pd.DataFrame, several: bool) -> Answer:
    """`runs`: all of this data set, those that were left out too: they cost joules as well."""
    details = tuple(_details(comparison, runs))
    return Answer(sentence(comparison) + ".", details, comparison.data if several else "")


def sentence(comparison: Comparison) -> str:
    """The cheapest of the front against the best; where one configuration is both, against the best
    of the rest."""
    table = comparison.table
    if len(table) == 1:
        row = table.iloc[0]
        return (
            f"{row['configuration']} is the only configuration: {quantity(row, comparison.energy)} "
            f"for {quantity(row, 'quality')} {comparison.quality}"
        )
    cheap, other = ends(comparison)
    return _against(comparison, cheap, other)


def ends(comparison: Comparison) -> tuple[int, int]:
    """Rows of the cheapest of the front and of what it is set against."""
    table = comparison.table
    front = table[table["front"]].sort_values(comparison.energy, kind="stable")
    cheap = int(front.index[0]) if len(front) else int(table.index[0])
    if len(front) > 1:
        return cheap, int(front.index[-1])
    return cheap, int(next(index for index in table.index if index != cheap))


def _against(comparison: Comparison, cheap: int, other: int) -> str:
    a, b = comparison.table.iloc[cheap], comparison.table.iloc[other]
    names = (a["configuration"], b["configuration"])
    gain = quality_gain(comparison, a, b)
    if a["provenance"] != b["provenance"]:
        return (
            f"{names[0]} ({a['provenance']}) and {names[1]} ({b['provenance']}) were not weighed "
            f"alike: their joules cannot be compared, {gain}"
        )
    if unit_of(comparison.energy) == "J" and min(a[comparison.energy], b[comparison.energy]) <= 0:
        return f"{names[0]} was weighed at {quantity(a, comparison.energy)}: no ratio to {names[1]}"
    same = bool(a["host"] == b["host"] and a["headline"] == b["headline"])
    times = ratio(comparison.mean_energy(other), comparison.mean_energy(cheap), same)
    if math.isnan(times.u):
        return f"{names[0]} is about {times.value:.3g} times cheaper than {names[1]} {gain}"
    if times.value - 1 <= CLEARLY * times.u:
        return f"{names[0]} and {names[1]} do not differ clearly in energy, {gain}"
    factor = number_with_u(times.value, times.u)
    once = (
        " (one run of each alone: how they scatter is unknown)" if min(a["n"], b["n"]) == 1 else ""
    )
    return f"{names[0]} is {factor} times cheaper than {names[1]} {gain}{once}"


def quality_gain(comparison: Comparison, a: Any, b: Any) -> str:
    """`at +0.100 ± 0.010 test/f1_macro`, or that the difference is not significant."""
    difference = float(a["quality"]) - float(b["quality"])
    u = math.hypot(float(a["quality_u"]), float(b["quality_u"]))
    name = comparison.quality
    if math.isnan(u):
        return f"at {difference:+.3f} {name}"
    told = f"{difference:+.3f} ± {u:.3f}"
    if abs(difference) <= CLEARLY * u:
        return f"with no significant difference in {name} ({told})"
    return f"at {told} {name}"


def _details(comparison: Comparison, runs: pd.DataFrame) -> Iterator[str]:
    table = comparison.table
    yield from _provenance(table)
    n = sorted(set(table["n"]))
    each = f"{n[0]}" if len(n) == 1 else f"{n[0]} to {n[-1]}"
    members = int(table["front"].sum())
    yield (
        f"{members} of {len(table)} configurations {'is' if members == 1 else 'are'} on the front; "
        f"{each} run{'' if n[-1] == 1 else 's'} of each; ± is one standard uncertainty (k = 1)"
    )
    if n[0] == 1:
        yield "one run alone tells nothing of how it scatters (repeats=3 tells)"
    yield from _baseline(comparison)
    yield from _search(comparison, runs)
    if bool(table["synthetic"].any()):
        yield "the data are SYNTHETIC: no instrument ever saw them"


def _provenance(table: pd.DataFrame) -> Iterator[str]:
    kinds = sorted(set(table["provenance"].dropna()), reverse=True)
    meters = sorted(set(table["headline"].dropna()))
    if kinds == ["measured"]:
        by = f" by {', '.join(map(str, meters))}" if 0 < len(meters) <= 3 else ""
        yield f"energy measured{by}"
    elif kinds == ["estimated"]:
        yield "energy estimated, not measured: no instrument weighed these runs"
    elif kinds:
        yield f"energy {' and '.join(map(str, kinds))}: compare within one kind only"
    else:
        yield "nothing tells whether the energy was measured or estimated"


def _baseline(comparison: Comparison) -> Iterator[str]:
    table = comparison.table
    baseline = float(table["baseline"].mean()) if "baseline" in table else math.nan
    if math.isnan(baseline):
        yield f"no trivial baseline of {comparison.quality} is known for these runs"
        return
    best = float(table["quality"].iloc[0])
    sign = 1 if comparison.direction == "max" else -1
    beaten = "" if sign * (best - baseline) > 0 else ": none of these configurations beats it"
    yield (f"the trivial baseline reaches {baseline:.3g} {comparison.quality} for no joule{beaten}")


def _search(comparison: Comparison, runs: pd.DataFrame) -> Iterator[str]:
    spent, weighed = cost_of_search(runs, comparison.energy)
    if weighed:
        unweighed = len(runs) - weighed
        rest = f"; {unweighed} more were not weighed" if unweighed else ""
        yield f"finding this out cost {si(spent, unit_of(comparison.energy))} in {weighed} runs{rest}"


def cost_of_search(runs: pd.DataFrame, energy: str) -> tuple[float, int]:
    """Joules of all runs, idle and warm-up included where they are known, and how many were
    weighed."""
    known = runs[energy] if energy in runs else pd.Series(dtype=float)
    if "energy_j/run" in runs and unit_of(energy) == "J":
        known = runs["energy_j/run"].fillna(known)
    weighed = known[known.map(is_number)]
    return float(weighed.sum()), len(weighed)
