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


def meters(analysis: Analysis, comparisons: Sequence[Comparison]) -> Section:
    """Power of a run of the cheapest and of the best configuration of each front."""
    blocks: list[Block] = []
    for run_id, name in _chosen(analysis, comparisons)[:MOST_TRACES]:
        found = load(run_id, analysis.outputs)
        if found is not None:
            number = len(blocks) + 1
            title = f"Power of run {run_id[:12]} ({name})"
            blocks.append(powers.power(found, f"power_{number}", title))
    if not blocks:
        told = "No trace of these runs lies on this machine (outputs/<date>/<time>-<run>/trace.parquet)."
        blocks.append(Missing("power_1", "Power of a run", told))
    intro = "Each instrument on one axis: watts over time, the phases shaded."
    return Section("Meters", "meters", blocks, intro)


def load(run_id: str, outputs: Path | None) -> Trace | None:
    """The trace of a run by its id, its folder or its file; None where there is none to read."""
    places = [Path(run_id)] if Path(run_id).exists() else []
    if outputs is not None and outputs.is_dir():
        places += sorted(outputs.glob(f"*/*-{run_id}"))
    for place in places:
        try:
            return trace.load(place)
        except (JoulelabError, OSError):
            continue
    return None


def _chosen(analysis: Analysis, comparisons: Sequence[Comparison]) -> list[tuple[str, str]]:
    """One run of each end of each front: id as the run folder has it, and its configuration."""
    table = analysis.runs.table
    found = []
    for comparison in comparisons:
        rows = [0] if len(comparison.table) == 1 else list(ends(comparison))
        for row in rows:
            name = comparison.table.at[row, "configuration"]
            of = table[table["configuration"] == name]
            for key in ("run_uid", "run_id"):
                if key in of and len(of) and isinstance(of[key].iloc[-1], str):
                    found.append((of[key].iloc[-1], str(name)))
                    break
    return found
