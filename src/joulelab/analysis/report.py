"""One report: the page, its figures as files, and the summary in the terminal."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from joulelab.analysis import publishing, terminal, versus
from joulelab.analysis.figures import static
from joulelab.analysis.figures.spec import Figure
from joulelab.analysis.page.rendering import render
from joulelab.analysis.sections import Composer
from joulelab.analysis.subject import Analysis

PAGE = "report.html"
FIGURES = "figures"


def make(analysis: Analysis, folder: Path, console: Console) -> list[Path]:
    """Writes `report.html`, `figures/` and `distrusted.csv` into `folder`, prints the summary, and
    returns what was written."""
    started_ns = time.time_ns()
    composer = Composer(analysis)
    page = composer.page()
    pictures = folder / FIGURES
    written = draw([each for each in page.figures if isinstance(each, Figure)], pictures)
    if not composer.suspects.empty:
        for kind in ("csv", "parquet"):
            path = folder / f"distrusted.{kind}"
            if kind == "csv":
                composer.suspects.to_csv(path, index=False)
            else:
                composer.suspects.to_parquet(path, index=False)
            written.append(path)
    written.append(render(page, folder / PAGE, pictures))
    if analysis.pair is not None:
        terminal.print_pair(console, page.answers[0], list(versus.lines(analysis.pair)))
    else:
        terminal.print_summary(
            console, page.answers, analysis.comparisons, analysis.runs.table, composer.suspects
        )
    terminal.print_where(console, folder / PAGE)
    if analysis.log_figures:
        told = publishing.publish(analysis, folder, list(page.answers), started_ns)
        console.print(told, style="dim", markup=False, soft_wrap=True)
    return written


def draw(figures: list[Figure], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [path for figure in figures for path in static.write(figure, folder)]
