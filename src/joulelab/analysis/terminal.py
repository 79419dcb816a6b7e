"""What a person reads in the terminal: the answer, the front, whom to distrust, what was left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from joulelab.analysis import distrust
from joulelab.analysis.configurations import Comparison
from joulelab.analysis.hovers import quantity
from joulelab.analysis.page.blocks import Answer
from joulelab.units import duration

NARROW: dict[str, Any] = {"box": SIMPLE_HEAD, "padding": (0, 1), "pad_edge": False}
FEW = 12
"""Up to so many configurations are all listed; of more, the front."""
MOST_ROWS = 20
MOST_REASONS = 6
MOST_COMPARISONS = 8
LOG_WIDTH = 110


def print_summary(
    console: Console,
    answers: Sequence[Answer],
    comparisons: Sequence[Comparison],
    runs: pd.DataFrame,
    suspects: pd.DataFrame,
) -> None:
    if not console.is_terminal:
        console.width = max(console.width, LOG_WIDTH)
    for answer in answers:
        where = f"{answer.where}: " if answer.where else ""
        console.print(f"{where}{answer.sentence}", style="bold", markup=False, soft_wrap=True)
    for comparison in comparisons[:MOST_COMPARISONS]:
        console.print()
        console.print(_table(comparison))
        details = [each for each in answers if len(answers) == 1 or each.where == comparison.data]
        for line in [line for answer in details for line in answer.details]:
            console.print(f"· {line}", style="dim", markup=False, soft_wrap=True)
        for note in comparison.notes:
            console.print(f"mind: {note}", style="yellow", markup=False, soft_wrap=True)
    if len(comparisons) > MOST_COMPARISONS:
        console.print(f"{len(comparisons) - MOST_COMPARISONS} more data sets are in the report")
    _print_suspects(console, suspects, len(runs))
    _print_left_out(console, runs)


def _table(comparison: Comparison) -> Table:
    """Best quality first; the front is marked."""
    every = comparison.table
    rows = every if len(every) <= FEW else every[every["front"]]
    total = int(every["n"].sum())
    title = f"{comparison.data}: {len(every)} configurations, {total} runs"
    hidden = len(every) - min(len(rows), MOST_ROWS)
    caption = f"{hidden} more configurations are in configurations.csv" if hidden else None
    table = Table(
        title=title, title_justify="left", title_style="bold", caption=caption,
        caption_justify="left", **NARROW,
    )  # fmt: skip
    table.add_column("")
    table.add_column("configuration", overflow="fold", min_width=14)
    sure = len(every) > 1 and bool(every["front_probability"].notna().any())
    for heading in ("n", comparison.quality, comparison.energy, "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    if sure:
        table.add_column("P(front)", justify="right", no_wrap=True)
    for _, row in rows.head(MOST_ROWS).iterrows():
        cells = [str(row["n"]), quantity(row, "quality"), quantity(row, comparison.energy)]
        cells.append(duration(float(row["duration_s"])))
        if sure:
            chance = float(row["front_probability"])
            cells.append("–" if math.isnan(chance) else f"{chance:.0%}")
        mark, style = ("●", "bold") if row["front"] else ("", "")
        table.add_row(mark, row["configuration"].removeprefix("model="), *cells, style=style)
    return table


def _print_suspects(console: Console, suspects: pd.DataFrame, total: int) -> None:
    if suspects.empty:
        return
    count = suspects["run_id"].nunique()
    console.print(f"\ndistrust: {count} of {total} runs", style="bold yellow", markup=False)
    for line in distrust.summary(suspects, total)[:MOST_REASONS]:
        console.print(f"· {line}", markup=False, soft_wrap=True)
    console.print("they are named in distrusted.csv", style="dim", markup=False)


def _print_left_out(console: Console, runs: pd.DataFrame) -> None:
    left_out = runs[runs["left_out"] != ""]
    if left_out.empty:
        return
    title = f"left out: {len(left_out)} of {len(runs)} runs"
    table = Table(title=title, title_justify="left", title_style="bold", **NARROW)
    table.add_column("run", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("why", overflow="fold")
    for _, row in left_out.tail(MOST_REASONS).iterrows():
        table.add_row(str(row["run_id"])[:12], str(row["name"]), str(row["left_out"]))
    console.print()
    console.print(table)
    if len(left_out) > MOST_REASONS:
        note = f"the last {MOST_REASONS} are shown; all are in runs.csv, column left_out"
        console.print(note, style="dim", markup=False, soft_wrap=True)


def print_pair(console: Console, answer: Answer, lines: Sequence[str]) -> None:
    console.print(answer.sentence, style="bold", markup=False, soft_wrap=True)
    console.print()
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    for line in answer.details:
        console.print(f"· {line}", style="dim", markup=False, soft_wrap=True)


def print_where(console: Console, page: Path) -> None:
    console.print(f"\nreport: {page}", style="bold", markup=False, soft_wrap=True)
    folder = page.parent
    count = len(list((folder / "figures").glob("*.svg"))) if (folder / "figures").is_dir() else 0
    tables = ", ".join(sorted(path.name for path in folder.glob("*.csv")))
    console.print(
        f"tables (CSV and Parquet): {tables}; {count} figures (PNG and SVG) in figures/",
        style="dim", markup=False, soft_wrap=True,
    )  # fmt: skip
