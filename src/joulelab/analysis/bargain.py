"""What a front is worth and what moving along it costs: numbers for the page, from stats/."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.hovers import quantity, unit_of
from joulelab.stats.front import Direction, Floats
from joulelab.stats.front_probability import HypervolumeInterval, hypervolume_interval
from joulelab.stats.trade_off import Scale, Step, knee, knee_probability, marginal_costs
from joulelab.stats.uncertain import UncertainPoints
from joulelab.units import si


def steps(comparison: Comparison) -> dict[int, Step]:
    """By row of the table: the step that leads to it from its cheaper neighbour on the front."""
    table, energy = comparison.table, comparison.energy
    found = marginal_costs(
        _column(table, energy),
        _column(table, "quality"),
        _column(table, f"{energy}_u_independent"),
        _column(table, "quality_u"),
        np.nan_to_num(_column(table, f"{energy}_u_shared")),
        pd.factorize(_instruments(table))[0],
        comparison.direction == "max",
    )
    return {step.stop: step for step in found}


def knee_of(comparison: Comparison) -> int | None:
    """Row of the knee; energies count by their ratios where all are positive."""
    return knee(_points(comparison), _directions(comparison), _scales(comparison)).index


def knee_chance(comparison: Comparison, row: int) -> float:
    """Share of draws in which this row is the knee; NaN where an uncertainty is unknown."""
    uncertain = _uncertain(comparison)
    if not np.isfinite(np.asarray(uncertain.u_independent)).all():
        return math.nan
    return float(knee_probability(uncertain, _directions(comparison), _scales(comparison))[row])


def worth(comparison: Comparison) -> tuple[HypervolumeInterval, float, float] | None:
    """Hypervolume as a share of the box between no joule at the best quality and the reference: the
    dearest configuration's joules, and the trivial baseline (or the worst quality). None where the
    box is empty."""
    table = comparison.table
    points = _points(comparison)
    baseline = float(table["baseline"].mean()) if "baseline" in table else math.nan
    sign = 1.0 if comparison.direction == "max" else -1.0
    qualities = points[:, 1][np.isfinite(points[:, 1])]
    energies = points[:, 0][np.isfinite(points[:, 0])]
    if len(qualities) < 2 or len(energies) < 2:
        return None
    best, worst = sign * (sign * qualities).max(), sign * (sign * qualities).min()
    limit = worst if math.isnan(baseline) or sign * (worst - baseline) < 0 else baseline
    dearest = float(energies.max())
    box = dearest * abs(best - limit)
    if box <= 0:
        return None
    uncertain = _uncertain(comparison)
    found = hypervolume_interval(uncertain, [dearest, limit], _directions(comparison))
    share = HypervolumeInterval(
        found.value / box, found.mean / box, found.low / box, found.high / box, found.level
    )
    return share, dearest, float(limit)


def sentences(comparison: Comparison) -> Iterator[str]:
    """The knee, and what the front is worth."""
    table = comparison.table
    row = knee_of(comparison) if len(table) > 2 else None
    if row is not None:
        found = table.iloc[row]
        chance = knee_chance(comparison, row)
        sure = "" if math.isnan(chance) else f", with probability {chance:.0%}"
        yield (
            f"Knee{sure}: {found['configuration']} ({quantity(found, comparison.energy)}, "
            f"{quantity(found, 'quality')} {comparison.quality}): below it quality falls fast, above "
            "it joules rise fast."
        )
    elif len(table) > 2:
        yield "The front has no knee: it has fewer than three members, or none bulges."
    value = worth(comparison)
    # A front that is the reference itself (two ends, nothing between) covers nothing of the box.
    if value is not None and value[0].value > 0:
        share, dearest, limit = value
        known = bool(np.isfinite(_column(table, "quality_u")).any())
        interval = (
            f" ({share.level:.0%} interval {share.low:.1%} to {share.high:.1%})" if known else ""
        )
        yield (
            f"Hypervolume: the front covers {share.value:.1%}{interval} of the box from no joule at "
            f"the best quality to {si(dearest, unit_of(comparison.energy))} at {limit:.3g}."
        )


def _scales(comparison: Comparison) -> tuple[Scale, Scale]:
    positive = float(np.nanmin(_points(comparison)[:, 0], initial=math.inf)) > 0
    return ("log" if positive else "linear"), "linear"


def _uncertain(comparison: Comparison) -> UncertainPoints:
    table, energy = comparison.table, comparison.energy
    u = np.stack([_column(table, f"{energy}_u_independent"), _column(table, "quality_u")], axis=1)
    shared = np.stack([_column(table, f"{energy}_u_shared"), np.zeros(len(table))], axis=1)
    return UncertainPoints(
        _points(comparison), u, np.nan_to_num(shared), pd.factorize(_instruments(table))[0]
    )


def _points(comparison: Comparison) -> Floats:
    table = comparison.table
    return np.stack([_column(table, comparison.energy), _column(table, "quality")], axis=1)


def _directions(comparison: Comparison) -> tuple[Direction, Direction]:
    return "min", comparison.direction


def _column(table: pd.DataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), math.nan)
    return table[name].to_numpy(dtype=float)


def _instruments(table: pd.DataFrame) -> pd.Series[str]:
    return table["host"].astype(str) + "/" + table["headline"].astype(str)
