"""The page of a report: the answer first, then what it rests on."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import pandas as pd

from joulelab.analysis import (
    answers,
    bargain,
    distrust,
    hovers,
    statistical_sections,
    tables,
    versus,
)
from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures import curves, fronts, phases
from joulelab.analysis.figures.spec import Axis, Missing
from joulelab.analysis.page.blocks import Answer, Block, Page, Section, Text
from joulelab.analysis.recorded import meters
from joulelab.analysis.subject import Analysis

MOST_COMPARISONS = 12
"""Of more data sets the page shows the first; the tables hold all."""
PACKAGES = ("joulelab", "mlflow", "numpy", "pandas", "scipy", "matplotlib", "plotly")


class Composer:
    """Sections of one analysis; what they share is computed once."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.runs = analysis.runs
        self.table = analysis.runs.table
        self.comparisons = analysis.comparisons[:MOST_COMPARISONS]
        self.several = len(analysis.comparisons) > 1
        self.url: str | None = getattr(analysis.runs, "url", None)
        self.links = hovers.link_of_configuration(self.url, self.table)
        ids = self.table["run_id"]
        self.run_links = dict(zip(ids, hovers.links(self.url, self.table), strict=True))
        self.suspects = distrust.distrusted(self.runs)
        self.currency = str(getattr(analysis.options, "currency", "") or "")

    def page(self) -> Page:
        return Page("joulelab report", self._subtitle(), self.answers(), self._sections(),
                    self._notes())  # fmt: skip

    def answers(self) -> list[Answer]:
        if self.analysis.pair is not None:
            return [versus.answer(self.analysis.pair)]
        found = [
            answers.answer_of(each, self._all_of(each), self.several) for each in self.comparisons
        ]
        if not found:
            told = "No run has both energy and quality: there is nothing to compare."
            return [Answer(told)]
        return found

    def _all_of(self, comparison: Comparison) -> pd.DataFrame:
        if not self.several:
            return self.table
        return self.table[self.table["data"].astype(str) == comparison.data]

    def _subtitle(self) -> str:
        left_out = int((self.table["left_out"] != "").sum())
        rest = f", {left_out} of them left out" if left_out else ""
        now = time.strftime("%Y-%m-%d %H:%M")
        parts = [f"{len(self.table):,} runs{rest}", self.analysis.source, now]
        return " · ".join(part for part in parts if part)

    def _notes(self) -> list[str]:
        found = list(getattr(self.runs, "notes", ()))
        found += [
            f"{each.data}: {note}" if self.several else note
            for each in self.comparisons
            for note in each.notes
        ]
        hidden = len(self.analysis.comparisons) - len(self.comparisons)
        if hidden:
            found.append(f"{hidden} more data sets are in configurations.csv alone")
        return list(dict.fromkeys(found))

    def _sections(self) -> list[Section]:
        first = [versus.section(self.analysis)] if self.analysis.pair is not None else []
        return [
            *first,
            self._front(),
            self._configurations(),
            self._curves(),
            self._phases(),
            *self._statistics(),
            meters(self.analysis, self.comparisons),
            self._carbon(),
            self._distrusted(),
            self._left_out(),
            self._how(),
        ]

    def _statistics(self) -> list[Section]:
        return statistical_sections.sections(self.runs, self.comparisons, self._runs_of)

    def _each(self, build: str) -> list[Block]:
        found: list[Block] = []
        for number, comparison in enumerate(self.comparisons, 1):
            suffix = "" if not self.several else f"_{number}"
            found += getattr(self, build)(comparison, suffix)
        if not found:
            found.append(Text("No configuration has both energy and quality.", "plain"))
        return found

    def _front(self) -> Section:
        intro = (
            "A configuration is on the front when no other is both cheaper and better. Its "
            "probability of being there follows from the repeats and the meter's own uncertainty."
        )
        return Section("The front", "front", self._each("_front_of"), intro)

    def _front_of(self, comparison: Comparison, suffix: str) -> list[Block]:
        found: list[Block] = [
            *fronts.fronts(comparison, f"front{suffix}", self.links, self.currency)
        ]
        found += [Text(line) for line in bargain.sentences(comparison)]
        if len(comparison.table) > 1:
            found.append(tables.front_table(comparison, f"front{suffix}", self.links))
        found += statistical_sections.of_front(comparison, suffix)
        found.append(fronts.search(comparison, self._runs_of(comparison), f"search{suffix}"))
        return found

    def _runs_of(self, comparison: Comparison) -> pd.DataFrame:
        names = set(comparison.table["configuration"])
        kept = self.table[self.table["left_out"] == ""]
        chosen = kept["configuration"].isin(names)
        if self.several:
            chosen &= kept["data"].astype(str) == comparison.data
        return kept[chosen]

    def _configurations(self) -> Section:
        return Section(
            "Configurations", "configurations", self._each("_configurations_of"),
            "One row a configuration: the mean over its runs.", short="Table",
        )  # fmt: skip

    def _configurations_of(self, comparison: Comparison, suffix: str) -> list[Block]:
        factors = list(getattr(comparison, "factors", self.runs.varying))
        return [tables.configurations(comparison, factors, f"configurations{suffix}", self.links)]

    def _curves(self) -> Section:
        return Section("Learning curves", "curves", self._each("_curves_of"), short="Curves")

    def _curves_of(self, comparison: Comparison, suffix: str) -> list[Block]:
        points = getattr(self.runs, "curves", pd.DataFrame(columns=["run_id", "step", "energy_j"]))
        metric = curves.metric_of(points, comparison.quality)
        title = f"{metric or 'Quality'} along the joules on {comparison.data}"
        if metric is None:
            return [Missing(f"curves{suffix}", title, "No run has a curve along its joules.")]
        runs = self._runs_of(comparison)
        group = fronts.grouping(comparison)
        return [
            curves.curves(points, runs, metric, group, f"curves{suffix}", title),
            *statistical_sections.of_curves(points, runs, comparison, suffix),
        ]

    def _phases(self) -> Section:
        return Section(
            "Energy by phase", "phases", self._each("_phases_of"),
            "idle and warmup are outside energy_j; fit and evaluate make it up.", short="Phases",
        )  # fmt: skip

    def _phases_of(self, comparison: Comparison, suffix: str) -> list[Block]:
        runs, on = self._runs_of(comparison), f"on {comparison.data}"
        names = list(getattr(self.runs, "phases", ()))
        return [
            phases.by_phase(runs, names, f"phases{suffix}", f"Energy by phase {on}"),
            phases.idle_share(runs, f"idle_share{suffix}", f"Share at rest {on}"),
        ]

    def _carbon(self) -> Section:
        intensity = getattr(self.analysis.options, "intensity", None)
        known = f"At {intensity.g_per_kwh:g} gCO₂e/kWh ({intensity.source}). " if intensity else ""
        intro = f"{known}Intensity and price are keys of this analysis: changing them needs no run."
        return Section(
            "Carbon and money", "carbon", self._each("_carbon_of"), intro, short="Carbon"
        )

    def _carbon_of(self, comparison: Comparison, suffix: str) -> list[Block]:
        table, on = comparison.table, f"on {comparison.data}"
        found: list[Block] = []
        if "emissions_kg" in table:
            found.append(
                phases.per_configuration(
                    table, "emissions_kg", Axis("emissions of a run, CO₂e", "g"), 1000.0,
                    f"emissions{suffix}", f"Emissions of a run {on}",
                    "Energy of a run times the intensity of its electricity.",
                )
            )  # fmt: skip
        if "cost" in table:
            found.append(
                phases.per_configuration(
                    table, "cost", Axis(f"cost of a run ({self.currency or 'currency'})"), 1.0,
                    f"cost{suffix}", f"Cost of a run {on}",
                    "Energy of a run times the price of its electricity.",
                )
            )  # fmt: skip
        if not found:
            told = "No intensity and no price were given: say intensity=FRA and price_per_kwh=0.25."
            found.append(Missing(f"emissions{suffix}", f"Emissions and cost {on}", told))
        return found

    def _distrusted(self) -> Section:
        return statistical_sections.distrusted(self.runs, self.suspects, self.run_links)

    def _left_out(self) -> Section:
        blocks: list[Block] = [Text("Nothing: every run took part.")]
        if (self.table["left_out"] != "").any():
            blocks = list(tables.left_out(self.table, self.run_links))
        return Section("Left out", "left_out", blocks)

    def _how(self) -> Section:
        blocks: list[Block] = [tables.words(self._facts(), "how")]
        if self.analysis.command:
            blocks.insert(0, Text(self.analysis.command, "code"))
        intro = (
            "Formulas and their sources: docs/analysis.md. ± is one standard uncertainty (k = 1)."
        )
        return Section("How it was computed", "how", blocks, intro, short="How")

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "runs from", self.analysis.source or "a table"
        yield "energy", self.runs.energy
        for comparison in self.comparisons:
            better = "higher" if comparison.direction == "max" else "lower"
            yield f"quality on {comparison.data}", f"{comparison.quality} ({better} is better)"
        hosts = sorted({str(host) for host in self.table["host"].dropna().unique()})
        if hosts:
            yield "hosts", ", ".join(hosts[:8]) + (" ..." if len(hosts) > 8 else "")
        yield "Python", platform.python_version()
        for package in PACKAGES:
            try:
                yield package, version(package)
            except PackageNotFoundError:
                continue
