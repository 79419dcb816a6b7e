"""What a person reads in the terminal: the answer first, then the table, then what was left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from joulelab.analysis.configurations import Comparison
from joulelab.stats.repeats import ratio
from joulelab.units import duration, plus_minus, si

NARROW: dict[str, Any] = {"box": SIMPLE_HEAD, "padding": (0, 1), "pad_edge": False}
MOST_ROWS = 25
MOST_REASONS = 10
LOG_WIDTH = 110
CLEARLY = 2.0
"""Two energies differ clearly where their ratio is this many standard uncertainties from 1."""


def answer(comparison: Comparison) -> str:
    """One sentence: the cheapest of the front against the best; where one configuration is both,
    against the best of the rest."""
    table = comparison.table
    if len(table) == 1:
        row = table.iloc[0]
        return (
            f"{row['configuration']} is the only configuration: {_energy(comparison, row)} for "
            f"{_quality(row)} {comparison.quality}"
        )
    front = table[table["front"]].sort_values(comparison.energy, kind="stable")
    cheap = int(front.index[0])
    best = next(index for index in table.index if index != cheap)
    if len(front) > 1:
        best = int(front.index[-1])
    if best == cheap:
        best = int(front.index[0])
    return _against(comparison, cheap, best)


def _against(comparison: Comparison, cheap: int, other: int) -> str:
    a, b = comparison.table.loc[cheap], comparison.table.loc[other]
    same = bool(a["host"] == b["host"] and a["headline"] == b["headline"])
    times = ratio(comparison.mean_energy(other), comparison.mean_energy(cheap), same)
    names = (a["configuration"], b["configuration"])
    gain = f"{a['quality'] - b['quality']:+.3f} {comparison.quality}"
    if a["provenance"] != b["provenance"]:
        return (
            f"{names[0]} ({a['provenance']}) and {names[1]} ({b['provenance']}) were not weighed "
            f"alike: their joules cannot be compared ({gain})"
        )
    if math.isnan(times.u):
        return f"{names[0]} costs about {times.value:.3g} times less than {names[1]} at {gain}"
    if times.value - 1 <= CLEARLY * times.u:
        return f"{names[0]} and {names[1]} do not differ clearly in energy ({gain})"
    factor = plus_minus(times.value, times.u, "").strip()
    cautions = "; ".join(_cautions(a, b))
    bracket = f" ({cautions})" if cautions else ""
    return f"{names[0]} costs {factor} times less than {names[1]} at {gain}{bracket}"


def _cautions(a: Any, b: Any) -> Iterator[str]:
    if a["provenance"] != "measured":
        yield "energy estimated, not measured"
    if min(a["n"], b["n"]) == 1:
        yield "one run alone tells nothing of how it scatters"


def print_report(console: Console, comparisons: list[Comparison], runs: pd.DataFrame) -> None:
    if not console.is_terminal:
        console.width = max(console.width, LOG_WIDTH)
    for comparison in comparisons:
        where = f"{comparison.data}: " if len(comparisons) > 1 else ""
        console.print(f"{where}{answer(comparison)}.", style="bold", markup=False, soft_wrap=True)
    if not comparisons:
        console.print("no run has both energy and quality: there is nothing to compare.")
    for comparison in comparisons:
        console.print()
        console.print(_table(comparison))
        for line in _captions(comparison):
            console.print(line, style="dim", markup=False, soft_wrap=True)
        for note in comparison.notes:
            console.print(f"note: {note}", style="yellow", markup=False, soft_wrap=True)
    _print_left_out(console, runs)


def _table(comparison: Comparison) -> Table:
    """Best quality first; the front is marked."""
    rows = comparison.table
    runs = int(rows["n"].sum())
    title = f"{comparison.data}: {len(rows)} configurations, {runs} runs"
    table = Table(title=title, title_justify="left", title_style="bold", **NARROW)
    table.add_column("")
    table.add_column("configuration", overflow="fold")
    sure = not rows["front_probability"].isna().any()
    headings = ["n", comparison.quality, comparison.energy, "duration"]
    headings += ["P(front)"] if sure and len(rows) > 1 else []
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for _, row in rows.head(MOST_ROWS).iterrows():
        cells = [str(row["n"]), _quality(row), _energy(comparison, row), _seconds(row)]
        if sure and len(rows) > 1:
            cells.append(f"{row['front_probability']:.0%}")
        mark, style = ("●", "bold") if row["front"] else ("", "")
        table.add_row(mark, row["configuration"].removeprefix("model="), *cells, style=style)
    return table


def _captions(comparison: Comparison) -> Iterator[str]:
    rows = comparison.table
    baseline = float(rows["baseline"].mean())
    if not math.isnan(baseline):
        yield f"the most frequent class alone reaches {baseline:.3g} and costs no joule"
    kinds = sorted(rows["provenance"].dropna().unique())
    estimated = " (no instrument measured it)" if "estimated" in kinds else ""
    front = "● on the front: nothing else is both cheaper and better"
    yield f"{front}; ± one standard uncertainty; energy {' and '.join(kinds)}{estimated}"
    if rows["synthetic"].any():
        yield "the data are SYNTHETIC: no instrument ever saw them"
    if len(rows) > MOST_ROWS:
        yield f"{len(rows) - MOST_ROWS} more configurations are in configurations.csv"


def _print_left_out(console: Console, runs: pd.DataFrame) -> None:
    left_out = runs[runs["left_out"] != ""]
    if left_out.empty:
        return
    console.print()
    title = f"left out: {len(left_out)} of {len(runs)} runs"
    table = Table(title=title, title_justify="left", title_style="bold", **NARROW)
    table.add_column("run")
    table.add_column("name", overflow="fold")
    table.add_column("why", overflow="fold")
    for _, row in left_out.tail(MOST_REASONS).iterrows():
        table.add_row(str(row["run_id"]), str(row["name"]), str(row["left_out"]))
    console.print(table)
    if len(left_out) > MOST_REASONS:
        console.print(
            f"the last {MOST_REASONS} are shown; all are in runs.csv, column left_out", style="dim"
        )


def _quality(row: Any) -> str:
    value, u = float(row["quality"]), float(row["quality_u"])
    return f"{value:.3f}" if math.isnan(u) else f"{value:.3f} ± {u:.3f}"


def _energy(comparison: Comparison, row: Any) -> str:
    unit = "s" if comparison.energy.startswith("duration_s") else "J"
    u = float(row[f"{comparison.energy}_u"])
    value = float(row[comparison.energy])
    return si(value, unit) if math.isnan(u) else plus_minus(value, u, unit)


def _seconds(row: Any) -> str:
    return duration(float(row["duration_s"]))
