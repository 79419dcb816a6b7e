"""What a point says when a finger lies on it, and where a click on it goes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, TypeGuard

import pandas as pd

from joulelab.analysis.configurations import Comparison
from joulelab.units import duration, plus_minus, si

UNITS = (("energy", "J"), ("duration", "s"), ("power_w", "W"), ("memory_bytes", "B"))


NO_SCATTER = 1e-9
"""Relative: what summing equal values in floating point leaves is not a scatter."""


def configuration(comparison: Comparison, row: Mapping[Any, Any]) -> str:
    return "<br>".join(_configuration(comparison, row))


def _configuration(comparison: Comparison, row: Mapping[Any, Any]) -> Iterator[str]:
    yield f"<b>{escape(str(row['configuration']))}</b>"
    yield f"energy {quantity(row, comparison.energy)}"
    yield f"{escape(comparison.quality)} {quantity(row, 'quality')}"
    lasted = row.get("duration_s")
    if is_number(lasted):
        yield f"duration {duration(float(lasted))}"
    for name in ("emissions_kg", "cost", "memory_bytes/peak"):
        if is_number(row.get(name)):
            yield f"{name} {float(row[name]):.3g}"
    if is_number(row.get("front_probability")):
        yield f"on the front with probability {float(row['front_probability']):.0%}"
    n = int(row["n"])
    kind = f", {row['provenance']}" if isinstance(row.get("provenance"), str) else ""
    meter = f" by {escape(str(row['headline']))}" if isinstance(row.get("headline"), str) else ""
    yield f"n = {n}{kind}{meter}"


def run(row: Mapping[Any, Any], energy: str, *metrics: str) -> str:
    lines = [f"<b>{escape(str(row.get('configuration') or row.get('name')))}</b>"]
    lines.append(f"run {escape(str(row['run_id'])[:12])}")
    lines.append(f"energy {quantity(row, energy)}")
    lines += [
        f"{escape(name)} {float(row[name]):.4g}" for name in metrics if is_number(row.get(name))
    ]
    return "<br>".join(lines)


def quantity(row: Mapping[Any, Any] | pd.Series[Any], column: str) -> str:
    """`12.3 ± 0.4 J` of a column and its `_u`; a dash where it is unknown."""
    value: Any = row.get(column)
    if not is_number(value):
        return "–"
    u: Any = row.get(f"{column}_u")
    return with_u(float(value), float(u) if is_number(u) else math.nan, unit_of(column))


def with_u(value: float, u: float, unit: str) -> str:
    if unit:
        return si(value, unit) if math.isnan(u) else plus_minus(value, u, unit)
    if math.isnan(u):
        return f"{value:.3f}"
    if u <= NO_SCATTER * abs(value):
        return f"{value:.4f} ± 0"
    digits = 3 if u >= 5e-4 else min(6, -math.floor(math.log10(u)))
    return f"{value:.{digits}f} ± {u:.{digits}f}"


def number_with_u(value: float, u: float) -> str:
    """`604.1 ± 3.8`: a number without a unit takes no prefix; two digits of the uncertainty."""
    if not math.isfinite(u) or u <= 0:
        return f"{value:.3g}"
    decimals = max(0, 1 - math.floor(math.log10(u)))
    return f"{value:,.{decimals}f} ± {u:,.{decimals}f}"


def unit_of(column: str) -> str:
    return next((unit for start, unit in UNITS if column.startswith(start)), "")


def links(url: str | None, rows: pd.DataFrame) -> list[str]:
    """Address of each run in the MLflow UI; "" where there is none."""
    if not url or "ui_path" not in rows:
        return [""] * len(rows)
    root = url.rstrip("/")
    return [f"{root}/{path}" if isinstance(path, str) else "" for path in rows["ui_path"]]


def link_of_configuration(url: str | None, runs: pd.DataFrame) -> dict[str, str]:
    """A configuration opens the latest of its runs."""
    if not url or "configuration" not in runs:
        return {}
    known = runs[runs["configuration"].notna()]
    return dict(zip(known["configuration"], links(url, known), strict=True))


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
