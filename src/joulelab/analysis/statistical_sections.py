"""Sections of the page: what drives the joules, how they spread, what moves together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from joulelab.analysis import distrust, tables
from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures.enough import good_enough
from joulelab.analysis.figures.frugality import frugality
from joulelab.analysis.figures.statistics import of_study
from joulelab.analysis.figures.study import Study, study_of
from joulelab.analysis.findings import findings
from joulelab.analysis.page.blocks import Block, Section, Text
from joulelab.analysis.table import Runs

MOST_COMPARISONS = 4
"""Of more data sets the first have statistics."""
SECTIONS = (
    ("effects", "What drives energy and quality", "Drivers",
     "How much each factor explains, alone and with others, and which of its levels differ."),
    ("distributions", "Distributions", "Spread", "How runs scatter, as a whole and by factor."),
    ("relations", "What moves together", "Relations",
     "Correlation, covariance and principal components of everything that was measured."),
    ("agreement", "Agreement of instruments", "Agreement",
     "Whether two instruments that weighed the same runs tell the same."),
)  # fmt: skip


def sections(
    runs: Runs, comparisons: Sequence[Comparison], rows_of: Callable[[Comparison], pd.DataFrame]
) -> list[Section]:
    """One section a topic, the figures of each data set in it. Without a comparison (no run has a
    quality) the statistics are of what was weighed."""
    found = [of_study(each) for each in studies(runs, comparisons, rows_of)]
    return [
        Section(title, topic, [block for each in found for block in each[topic]], intro, short)
        for topic, title, short, intro in SECTIONS
    ]


def studies(
    runs: Runs, comparisons: Sequence[Comparison], rows_of: Callable[[Comparison], pd.DataFrame]
) -> list[Study]:
    table = runs.table
    if not comparisons:
        return [study_of(runs, table[table["left_out"] == ""], None)]
    several = len(comparisons) > 1
    found = []
    for number, comparison in enumerate(comparisons[:MOST_COMPARISONS], 1):
        suffix = f"_{number}" if several else ""
        everything = table
        if several and "data" in table:
            everything = table[table["data"].astype(str) == comparison.data]
        found.append(
            study_of(
                runs, rows_of(comparison), comparison.quality, suffix, comparison.data, everything
            )
        )
    return found


def of_curves(
    curves: pd.DataFrame, runs: pd.DataFrame, comparison: Comparison, suffix: str
) -> list[Block]:
    title = f"Joules after it was good enough on {comparison.data}"
    return [good_enough(curves, runs, comparison.quality, f"enough{suffix}", title)]


def of_front(comparison: Comparison, suffix: str) -> list[Block]:
    return [frugality(comparison, f"frugality{suffix}")]


def distrusted(runs: Runs, suspects: pd.DataFrame, links: Mapping[str, str]) -> Section:
    """What must be known of instruments and metrics, then of single runs."""
    blocks: list[Block] = [Text(told, "note") for told in findings(runs)]
    if suspects.empty:
        blocks.append(Text("No run breaks a rule."))
    else:
        blocks += [Text(line) for line in distrust.summary(suspects, len(runs.table))]
        blocks.append(tables.suspects(suspects, links))
    intro = "Runs whose joules must not be taken at face value, by which rule and why."
    return Section("Runs to distrust", "distrust", blocks, intro, short="Distrust")
