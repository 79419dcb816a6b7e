"""Tables of the page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from joulelab.analysis import bargain
from joulelab.analysis.configurations import Comparison
from joulelab.analysis.hovers import is_number, quantity, unit_of, with_u
from joulelab.analysis.page.blocks import Cell, Column, Table
from joulelab.stats.trade_off import Step
from joulelab.units import duration

SHORT = {"energy_dynamic_j": "dynamic", "emissions_kg": "CO₂e", "memory_bytes/peak": "memory"}
EXTRA = ("energy_dynamic_j", "emissions_kg", "cost", "memory_bytes/peak")


def front_table(comparison: Comparison, name: str, links: Mapping[str, str]) -> Table:
    """The members, cheapest first, and what each step up costs."""
    table = comparison.table
    members = table[table["front"]].sort_values(comparison.energy, kind="stable")
    steps = bargain.steps(comparison)
    knee = bargain.knee_of(comparison) if len(table) > 2 else None
    columns = [
        Column("configuration"),
        Column("n", True),
        Column(comparison.energy, True),
        Column(comparison.quality, True),
        Column("P(front)", True, "probability of being on the front"),
        Column("marginal cost", True, "joules per 0.01 of quality, against the cheaper neighbour"),
    ]
    rows = [
        [
            _name(row, links, " (knee)" if index == knee else ""),
            _count(row),
            _quantity(row, comparison.energy),
            _quantity(row, "quality"),
            _probability(row),
            _cost(steps.get(int(index)), comparison),
        ]
        for index, row in zip(members.index, members.to_dict("records"), strict=True)
    ]
    caption = (
        "Marginal cost: what 0.01 more of quality costs against the cheaper neighbour on the "
        "front. ± one standard uncertainty; “open”: the two qualities may be equal, so that the "
        "cost has no upper end (95 %)."
    )
    return Table(name, "On the front, cheapest first", columns, rows, caption)


def configurations(
    comparison: Comparison, factors: Sequence[str], name: str, links: Mapping[str, str]
) -> Table:
    """All of them, best quality first; a click on a heading sorts."""
    table = comparison.table
    shown = [factor for factor in factors if factor in table and table[factor].nunique() > 1]
    extra = [key for key in EXTRA if key in table and table[key].notna().any()]
    columns = [Column("configuration"), Column("n", True), Column(comparison.energy, True)]
    columns += [Column(comparison.quality, True), Column("duration", True)]
    columns += [Column("P(front)", True, "probability of being on the front")]
    columns += [Column(SHORT.get(key, key), True) for key in extra] + [Column("energy is")]
    columns += [Column(factor, pd.api.types.is_numeric_dtype(table[factor])) for factor in shown]
    rows = []
    for row in table.to_dict("records"):
        cells = [_name(row, links), _count(row), _quantity(row, comparison.energy)]
        cells += [_quantity(row, "quality"), _duration(row), _probability(row)]
        cells += [_quantity(row, key) for key in extra]
        cells += [Cell(str(row.get("provenance") or "unknown"))]
        cells += [_plain(row[factor]) for factor in shown]
        rows.append(cells)
    caption = "Shaded: on the front. ± one standard uncertainty; a dash: unknown."
    return Table(
        name, f"Configurations on {comparison.data}", columns, rows, caption,
        file="configurations.csv",
    )  # fmt: skip


def suspects(found: pd.DataFrame, links: Mapping[str, str]) -> Table:
    columns = [Column("run"), Column("configuration"), Column("why")]
    rows = [
        [Cell(str(run)[:12], link=links.get(run, "")), Cell(str(name)), Cell(str(why))]
        for run, name, why in zip(
            found["run_id"], found["configuration"], found["why"], strict=True
        )
    ]
    return Table("distrusted", "", columns, rows, file="distrusted.csv", most=100)


def left_out(runs: pd.DataFrame, links: Mapping[str, str]) -> tuple[Table, Table]:
    """How many for which reason, and each of them."""
    gone = runs[runs["left_out"] != ""]
    kinds = gone["left_out"].map(_kind)
    counts = kinds.value_counts()
    why = Table(
        "left_out_why", "By reason", [Column("why"), Column("runs", True)],
        [[Cell(str(kind)), Cell(str(count), float(count))] for kind, count in counts.items()],
    )  # fmt: skip
    rows = [
        [Cell(str(run)[:12], link=links.get(run, "")), Cell(str(name)), Cell(str(reason))]
        for run, name, reason in zip(gone["run_id"], gone["name"], gone["left_out"], strict=True)
    ]
    columns = [Column("run"), Column("name"), Column("why")]
    return why, Table("left_out", "Each of them", columns, rows, file="left_out.csv", most=100)


def words(pairs: Iterator[tuple[str, str]], name: str, title: str = "") -> Table:
    rows = [[Cell(key), Cell(value)] for key, value in pairs]
    return Table(name, title, [Column("what"), Column("value")], rows)


def _kind(reason: str) -> str:
    """The reason without what is of one run only."""
    return re.split(r"[:(]", reason, maxsplit=1)[0].strip()


def _name(row: Mapping[Any, Any], links: Mapping[str, str], note: str = "") -> Cell:
    name = str(row["configuration"])
    return Cell(name + note, link=links.get(name, ""), strong=bool(row.get("front")))


def _count(row: Mapping[Any, Any]) -> Cell:
    return Cell(str(row["n"]), float(row["n"]))


def _quantity(row: Mapping[Any, Any], column: str) -> Cell:
    value = row.get(column)
    if not is_number(value):
        return Cell("–")
    if column == "emissions_kg":
        return Cell(with_u(1000 * value, math.nan, "g"), float(value))
    if column == "cost":
        return Cell(f"{value:.3g}", float(value))
    return Cell(quantity(row, column), float(value))


def _duration(row: Mapping[Any, Any]) -> Cell:
    value = row.get("duration_s")
    return Cell(duration(float(value)), float(value)) if is_number(value) else Cell("–")


def _probability(row: Mapping[Any, Any]) -> Cell:
    value = row.get("front_probability")
    return Cell(f"{value:.0%}", float(value)) if is_number(value) else Cell("–")


def _cost(step: Step | None, comparison: Comparison) -> Cell:
    if step is None or math.isnan(step.cost.value):
        return Cell("–")
    cost = step.cost
    told = with_u(cost.value / 100, cost.u / 100, unit_of(comparison.energy))
    open_end = not math.isnan(cost.u) and not cost.bounded
    return Cell(told + (", open" if open_end else ""), cost.value)


def _plain(value: object) -> Cell:
    if is_number(value):
        return Cell(f"{value:g}", float(value))
    return Cell("–" if value is None or value != value else str(value))
