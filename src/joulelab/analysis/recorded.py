"""What the instruments saw: traces of runs whose folder is on this machine, and how they agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from joulelab.analysis.answers import ends
from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures import powers
from joulelab.analysis.figures.spec import Missing
from joulelab.analysis.page.blocks import Block, Section
from joulelab.analysis.subject import Analysis
from joulelab.errors import JoulelabError
from joulelab.meters.tracing import trace
from joulelab.records import Trace

MOST_TRACES = 3
DEPTHS = (1, 3, 4)
"""Folders above a run's own: day; study, job and day; day, multirun, job and day."""


def meters(analysis: Analysis, comparisons: Sequence[Comparison]) -> Section:
    """Power of a run of the cheapest and of the best configuration of each front."""
    blocks: list[Block] = []
    for run_id, name in _chosen(analysis, comparisons)[:MOST_TRACES]:
        found = load(run_id, analysis.roots)
        if found is not None:
            number = len(blocks) + 1
            title = f"Power of run {run_id[:12]} ({name})"
            blocks.append(powers.power(found, f"power_{number}", title))
    if not blocks:
        told = "No trace of these runs lies on this machine (trace.parquet of a run's folder)."
        blocks.append(Missing("power_1", "Power of a run", told))
    intro = "Each instrument on one axis: watts over time, the phases shaded."
    return Section("Meters", "meters", blocks, intro)


def load(run_id: str, roots: Sequence[Path]) -> Trace | None:
    """The trace of a run by its id, its folder or its file; None where there is none to read."""
    for place in places(run_id, roots):
        try:
            return trace.load(place)
        except (JoulelabError, OSError):
            continue
    return None


def places(run: str, roots: Sequence[Path]) -> list[Path]:
    """Where a run may lie: its folder or trace as named, else its folder below one of the roots, as
    `train.py`, a multirun and a sweep nest them."""
    if Path(run).exists():
        return [Path(run)]
    found = (root.glob(f"{'*/' * depth}*-{run}") for root in roots for depth in DEPTHS)
    return [path for each in found for path in sorted(each)]


def _chosen(analysis: Analysis, comparisons: Sequence[Comparison]) -> list[tuple[str, str]]:
    """One run of each end of each front: id as the run folder has it, and its configuration."""
    table = analysis.runs.table
    found = []
    for comparison in comparisons:
        rows = [0] if len(comparison.table) == 1 else list(ends(comparison))
        for row in rows:
            name = comparison.table.at[row, "configuration"]
            of = table[table["configuration"] == name]
            if len(of):
                found.append((str(of["run_id"].iloc[-1]), str(name)))
    return found
