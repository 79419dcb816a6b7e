"""What a person sees of a run: a bar with metric, watts and joules, and the closing table."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from joulelab.records import CurvePoint, Energy, Metrics, RunRecord
from joulelab.steps import steps_table
from joulelab.units import duration, plus_minus, si

PHASES = ("clock", "idle", "baseline", "warmup", "fit", "evaluate", "idle_after", "other", "run")
WORK = ("fit", "evaluate")


class _Figures(TextColumn):
    def __init__(self, screen: TerminalScreen) -> None:
        super().__init__("")
        self._screen = screen

    def render(self, task: Task) -> Text:
        return Text(self._screen.figures, style="cyan")


class TerminalScreen:
    """A live bar on a terminal; on anything else a line a curve point, at most one a second."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.figures = ""
        self._metrics: Metrics = {}
        self._power_w, self._energy_j = math.nan, math.nan
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._phase = ""
        self._next_line_s = 0.0

    def say(self, sentence: str) -> None:
        self.console.print(f"joulelab: {sentence}", style="yellow", markup=False, soft_wrap=True)

    def phase(self, name: str, duration_s: float | None = None) -> None:
        self._phase = name
        self.figures = ""
        if not self.console.is_terminal:
            return
        self._stop_bar()
        columns = (
            SpinnerColumn(),
            TextColumn("[bold]{task.description:<10}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[steps]}"),
            TimeElapsedColumn(),
            _Figures(self),
        )
        self._bar = Progress(
            *columns, console=self.console, refresh_per_second=2, transient=True, expand=False
        )
        hint = "" if duration_s is None else f"{duration_s:g} s"
        self._task = self._bar.add_task(name, total=None, steps=hint)
        self._bar.start()

    def progress(self, step: int, total: int, metrics: Metrics | None) -> None:
        if metrics:
            self._metrics.update(metrics)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step, total=total, steps=f"step {step}/{total}")

    def power(self, power_w: float, energy_j: float) -> None:
        self._power_w, self._energy_j = power_w, energy_j
        self._write_figures()

    def point(self, point: CurvePoint) -> None:
        self._metrics = dict(point.metrics)
        self._energy_j = point.energy_j
        self._write_figures()
        now_s = time.monotonic()
        if not self.console.is_terminal and now_s >= self._next_line_s:
            self._next_line_s = now_s + 1.0
            line = f"{self._phase} step {point.step}  {self.figures}"
            self.console.print(line, markup=False, soft_wrap=True)

    def close(self) -> None:
        self._stop_bar()

    def _write_figures(self) -> None:
        metric = headline_metric(self._metrics)
        parts = [] if metric is None else [f"{metric} {self._metrics[metric]:.3f}"]
        if not math.isnan(self._power_w):
            parts.append(si(self._power_w, "W"))
        if not math.isnan(self._energy_j):
            parts.append(si(self._energy_j, "J"))
        self.figures = "  ".join(parts)

    def _stop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class SilentScreen:
    """Says only what a person must know."""

    def say(self, sentence: str) -> None:
        print(f"joulelab: {sentence}", file=sys.stderr)

    def phase(self, name: str, duration_s: float | None = None) -> None: ...
    def progress(self, step: int, total: int, metrics: Metrics | None) -> None: ...
    def power(self, power_w: float, energy_j: float) -> None: ...
    def point(self, point: CurvePoint) -> None: ...
    def close(self) -> None: ...


def headline_metric(metrics: Metrics) -> str | None:
    """The one metric a bar has room for."""
    wanted = ("f1_macro", "accuracy", "loss")
    names = [name for ending in wanted for name in metrics if name.endswith(f"/{ending}")]
    return names[0] if names else next(iter(metrics), None)


def closing_table(record: RunRecord, title: str) -> Table:
    """Energy by phase with its standard uncertainty (k = 1), as the store has it."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("phase")
    for name in ("duration", "energy", "mean power"):
        table.add_column(name, justify="right")
    metrics = record.metrics
    for phase in PHASES:
        seconds = metrics.get(f"duration_s/{phase}")
        if seconds is None:
            continue
        energy_j = metrics.get(f"energy_j/{phase}", math.nan)
        power_w = energy_j / seconds if seconds else math.nan
        cells = (duration(seconds), with_u(metrics, f"energy_j/{phase}"), si(power_w, "W"))
        table.add_row(phase, *cells, style="bold" if phase in WORK else "")
    if "energy_j" in metrics:
        table.add_section()
        cost = (duration(metrics["duration_s"]), with_u(metrics, "energy_j"))
        table.add_row("fit + evaluate", *cost, si(metrics["power_w/mean"], "W"), style="bold")
        if "energy_dynamic_j" in metrics:
            table.add_row("  above idle", "", with_u(metrics, "energy_dynamic_j"), "")
    return table


def with_u(metrics: Metrics, key: str) -> str:
    parts = (f"{key}_u_independent", f"{key}_u_shared")
    u_j = math.hypot(*(metrics.get(part, 0.0) for part in parts))
    return plus_minus(metrics.get(key, math.nan), u_j, "J")


def quality_table(record: RunRecord) -> Table | None:
    """Each test metric beside the trivial baseline's."""
    rows = sorted(key for key in record.metrics if key.startswith("test/"))
    if not rows:
        return None
    table = Table(title="quality", title_justify="left", title_style="bold")
    table.add_column("metric")
    table.add_column("this run", justify="right")
    table.add_column("trivial baseline", justify="right")
    for key in rows:
        baseline = record.metrics.get("baseline/" + key.removeprefix("test/"), math.nan)
        shown = "–" if math.isnan(baseline) else f"{baseline:.3f}"
        table.add_row(key, f"{record.metrics[key]:.3f}", shown)
    return table


def verdict_of(record: RunRecord) -> str | None:
    """Whether a detector of anomalies beats the trivial scores beside it; None for other learners."""
    if not any(key.startswith("baseline/random/") for key in record.metrics):
        return None
    from joulelab.stats.anomaly.verdict import verdict

    return verdict([record.metrics])


def instruments_table(energies: Mapping[str, Energy]) -> Table:
    """What each instrument says of the same time."""
    table = Table(title="by instrument", title_justify="left", title_style="bold")
    table.add_column("instrument")
    for name in ("duration", "energy", "mean power", "coverage"):
        table.add_column(name, justify="right")
    for name, energy in energies.items():
        note = "" if energy.provenance == "measured" else " (estimated)"
        seen_s = energy.coverage * energy.duration_s
        table.add_row(
            f"{name}{note}",
            duration(energy.duration_s),
            plus_minus(energy.value_j, energy.u_j, "J"),
            si(energy.value_j / seen_s, "W") if seen_s else "–",
            f"{energy.coverage:.3f}",
        )
    return table


def close_run(console: Console, record: RunRecord, location: str, folder: str) -> None:
    """The closing screen of one run."""
    quality = quality_table(record)
    if quality is not None:
        sentence = verdict_of(record)
        if sentence is not None:
            console.print(sentence, style="bold", soft_wrap=True)
        console.print(quality)
        by_steps = steps_table(record)
        if by_steps is not None:
            console.print(by_steps)
        if sentence is None:
            console.print(
                "the baseline answers the most frequent class and costs no joule", style="dim"
            )
    if any(key.startswith("duration_s/") for key in record.metrics):
        console.print(closing_table(record, f"energy of {record.name}"))
    console.print(provenance_line(record), soft_wrap=True, markup=False)
    if record.tags.get("synthetic") == "true":
        console.print("the data are synthetic: no instrument ever saw them", style="yellow")
    console.print(f"stored in {location}\n       as {record.run_uid} ({folder})", soft_wrap=True)


def one_line(record: RunRecord, name: str) -> str:
    """A run among others: quality, joules, seconds."""
    metrics = record.metrics
    metric = headline_metric({key: metrics[key] for key in metrics if key.startswith("test/")})
    parts = [name, "" if metric is None else f"{metric} {metrics[metric]:.3f}"]
    parts += [with_u(metrics, "energy_j"), duration(metrics.get("duration_s", math.nan))]
    return "  ".join(part for part in parts if part)


def provenance_line(record: RunRecord) -> str:
    provenance = record.tags.get("provenance", "none")
    if provenance == "none":
        return "energy: nothing weighed this run (meter=none or no complete channel)"
    sources = record.tags.get("headline", "")
    note = "" if provenance == "measured" else "; no instrument measured it"
    return f"energy: {provenance} by {sources}{note}; ± is one standard uncertainty"
