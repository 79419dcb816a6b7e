"""`compare=[a,b]`: what differs between two runs or configurations, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from joulelab.analysis.configurations import direction_of
from joulelab.analysis.figures import powers
from joulelab.analysis.figures.phases import LIFE
from joulelab.analysis.figures.spec import Axis, Bars, Drawn, Figure, Missing, Panel
from joulelab.analysis.hovers import number_with_u, unit_of, with_u
from joulelab.analysis.page.blocks import Answer, Block, Cell, Column, Section, Table
from joulelab.analysis.recorded import load
from joulelab.analysis.subject import Analysis
from joulelab.stats.comparison import Versus, versus
from joulelab.stats.repeats import Mean

CLEARLY = 0.975
"""A sign is told as a fact from this probability on (two-sided 5 %)."""


def answer(pair: Any) -> Answer:
    """The sentence for A against B."""
    energy, quality = against(pair)
    better = _lower(pair.quality_name)
    parts = [_energy_part(pair, energy), _quality_part(pair, quality)]
    details = [
        f"probability that A is cheaper: {_chance(energy.probability_lower)}; that A is better: "
        f"{_chance(_wins(quality, better))}",
        f"n = {pair.a.n} and {pair.b.n}; uncertainty from {energy.basis}",
        *pair.notes,
    ]
    return Answer(f"A = {pair.a.name} {parts[0]} B = {pair.b.name}, {parts[1]}.", details)


def against(pair: Any) -> tuple[Versus, Versus]:
    """A against B in energy and in quality."""
    energy = versus(pair.a.energy, pair.b.energy, pair.same_instrument)
    return energy, versus(pair.a.quality, pair.b.quality, False)


def section(analysis: Analysis) -> Section:
    pair = analysis.pair
    blocks: list[Block] = [_quantities(pair), _differing(pair), phases(pair)]
    traces = []
    for letter, side in (("A", pair.a), ("B", pair.b)):
        for run in _runs(side):
            found = load(run, analysis.roots)
            if found is not None:
                traces.append((letter, found))
                break
    blocks.append(powers.over_each_other(traces, "versus_power", "Power of A and of B"))
    intro = f"A = {pair.a.name} ({pair.a.n} runs), B = {pair.b.name} ({pair.b.n} runs)."
    return Section("A against B", "versus", blocks, intro)


def phases(pair: Any) -> Drawn:
    """Energy by phase of both, with uncertainty."""
    title = "Energy by phase of A and of B"
    names = list(dict.fromkeys([*pair.a.phases, *pair.b.phases]))
    if not names:
        return Missing("versus_phases", title, "Neither has its energy by phase.")
    names.sort(key=lambda each: LIFE.index(_phase(each)) if _phase(each) in LIFE else len(LIFE))
    bars = []
    for place, (letter, side) in enumerate((("A", pair.a), ("B", pair.b))):
        means = [side.phases.get(name) for name in names]
        bars.append(
            Bars(
                [_phase(name) for name in names],
                [math.nan if mean is None else mean.value for mean in means],
                f"{letter} = {side.name}",
                u=[math.nan if mean is None else mean.u for mean in means],
                colour=place,
            )
        )
    panel = Panel(Axis("energy", "J"), Axis(""), bars, grouped=True)
    kinds = sorted(
        {str(kind) for side in (pair.a, pair.b) for kind in side.table["provenance"].dropna()}
    )
    return Figure(
        "versus_phases", title, "Bars: ± one standard uncertainty.", [panel],
        n=pair.a.n + pair.b.n, provenance=kinds, formula="A against B",
    )  # fmt: skip


def lines(pair: Any) -> Iterator[str]:
    """For the terminal, under the answer."""
    for key, a, b, rest in _rows(pair):
        yield f"{key}: A {a}, B {b}{f' ({rest})' if rest else ''}"


def _quantities(pair: Any) -> Table:
    columns = [Column("what"), Column("A", True), Column("B", True), Column("A - B or A / B")]
    rows = [[Cell(each) for each in row] for row in _rows(pair)]
    return Table(
        "versus", "What each cost and reached", columns, rows, "± one standard uncertainty."
    )


def _rows(pair: Any) -> Iterator[tuple[str, str, str, str]]:
    energy, quality = against(pair)
    unit = unit_of(pair.energy_name)
    ratio = energy.ratio
    told = "" if math.isnan(ratio.value) else f"A / B = {number_with_u(ratio.value, ratio.u)}"
    yield pair.energy_name, _mean(pair.a.energy, unit), _mean(pair.b.energy, unit), told
    gain = with_u(quality.difference, quality.u, "")
    yield pair.quality_name, _mean(pair.a.quality, ""), _mean(pair.b.quality, ""), f"A - B = {gain}"
    yield "duration_s", _mean(pair.a.duration, "s"), _mean(pair.b.duration, "s"), ""
    for name in dict.fromkeys([*pair.a.phases, *pair.b.phases]):
        sides = [side.phases.get(name) for side in (pair.a, pair.b)]
        a, b = ("–" if mean is None else _mean(mean, "J") for mean in sides)
        yield name, a, b, ""


def _differing(pair: Any) -> Table:
    columns = [Column("key"), Column("A"), Column("B")]
    rows = [
        [Cell(str(row["key"])), Cell(str(row["a"])), Cell(str(row["b"]))]
        for row in pair.differing.to_dict("records")
    ]
    caption = "" if rows else "Nothing that was recorded differs: they are repeats of each other."
    return Table("differing", "What differs in what was run", columns, rows, caption)


def _energy_part(pair: Any, found: Versus) -> str:
    ratio = found.ratio
    sure = max(found.probability_lower, 1 - found.probability_lower)
    if math.isnan(found.difference) or min(pair.a.energy.value, pair.b.energy.value) <= 0:
        return "cannot be set in joules against"
    if math.isnan(sure):
        word = "less" if found.difference < 0 else "more"
        return f"costs about {_times(ratio.value):.3g} times {word} than"
    if sure < CLEARLY:
        return f"does not differ clearly in energy (A / B = {ratio.value:.3f} ± {ratio.u:.3f}) from"
    times = _times(ratio.value)
    factor = number_with_u(times, ratio.u / ratio.value * times)
    word = "less" if found.difference < 0 else "more"
    return f"costs {factor} times {word} than"


def _quality_part(pair: Any, found: Versus) -> str:
    told = with_u(found.difference, found.u, "")
    sign = "+" if found.difference > 0 else ""
    sure = max(found.probability_lower, 1 - found.probability_lower)
    if math.isnan(sure):
        return f"at {found.difference:+.3f} {pair.quality_name}"
    if sure < CLEARLY:
        return f"with no significant difference in {pair.quality_name} ({sign}{told})"
    return f"at {sign}{told} {pair.quality_name}"


def _times(ratio: float) -> float:
    return 1 / ratio if 0 < ratio < 1 else ratio


def _wins(found: Versus, lower: bool) -> float:
    return found.probability_lower if lower else 1 - found.probability_lower


def _chance(probability: float) -> str:
    if math.isnan(probability):
        return "unknown (repeats=3 tells)"
    if probability > 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if probability < 0.0005 else f"{100 * probability:.1f} %"


def _lower(metric: str) -> bool:
    return direction_of(metric) == "min"


def _mean(mean: Mean, unit: str) -> str:
    return "–" if np.isnan(mean.value) else with_u(mean.value, mean.u, unit)


def _phase(column: str) -> str:
    return column.partition("/")[2]


def _runs(side: Any) -> list[str]:
    return [str(each) for each in side.table["run_id"]]
