"""What the front is worth and what its points cost: steps, knee, hypervolume with its interval."""

from __future__ import annotations

import math

import numpy as np

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures.fronts import provenance
from joulelab.analysis.figures.spec import Axis, Bars, Drawn, Figure, Floats, Missing, Panel
from joulelab.stats.front import Direction
from joulelab.stats.front_probability import hypervolume_interval
from joulelab.stats.trade_off import Scale, Step, knee, knee_probability, marginal_costs
from joulelab.stats.uncertain import UncertainPoints
from joulelab.units import plus_minus, si

MOST_STEPS = 20


def steps_of(comparison: Comparison) -> list[Step]:
    table, energy = comparison.table, comparison.energy
    return marginal_costs(
        table[energy], table["quality"], _u(comparison, f"{energy}_u_independent"),
        _u(comparison, "quality_u"), np.nan_to_num(_u(comparison, f"{energy}_u_shared")),
        _instruments(comparison), higher_is_better=comparison.direction == "max",
    )  # fmt: skip


def marginal(comparison: Comparison, name: str) -> Drawn:
    """Joules that each further point of quality costs, from one member of the front to the next. A
    point is 0.01."""
    title = f"What one more point of {comparison.quality} costs on {comparison.data}"
    steps = steps_of(comparison)
    if not steps:
        return Missing(name, title, "The front has one configuration: there is no step along it.")
    names = comparison.table["configuration"].astype(str).tolist()
    shown = steps[:MOST_STEPS]
    labels = [f"{names[step.start]} → {names[step.stop]}" for step in shown]
    costs = np.array([step.cost.value / 100 for step in shown])
    u = np.array([step.cost.u / 100 if step.cost.bounded else math.nan for step in shown])
    bars = Bars(
        labels, costs, "cost of a point", u=u, text=[_interval(each) for each in shown], colour=0
    )
    open_ended = [
        label for label, step in zip(labels, shown, strict=True)
        if not math.isnan(step.cost.low) and not step.cost.bounded
    ]  # fmt: skip
    caption = (
        "Difference of energy over difference of quality, times 0.01. Bars: one standard "
        "uncertainty; hovering shows Fieller's 95 % interval."
    )
    if open_ended:
        caption += (
            f" No upper price is known for {'; '.join(open_ended[:3])}: the gain may be none."
        )
    cut = f"{MOST_STEPS} of {len(steps)} steps are drawn." if len(steps) > MOST_STEPS else ""
    unit = "s" if comparison.energy.startswith("duration") else "J"
    return Figure(
        name, title, caption, [Panel(Axis("for 0.01 more", unit), Axis(""), [bars])],
        n=len(comparison.table), of="configurations", provenance=provenance(comparison.table),
        cut=cut, formula="Trade-off",
    )  # fmt: skip


def facts(comparison: Comparison) -> list[str]:
    """Sentences: the knee and how sure it is, the hypervolume with its interval."""
    table = comparison.table
    points = table[[comparison.energy, "quality"]].to_numpy(dtype=float)
    known = np.isfinite(points).all(axis=1)
    if known.sum() < 2:
        return []
    return [*_knee_fact(comparison, points), *_volume_fact(comparison, points, known)]


def _knee_fact(comparison: Comparison, points: Floats) -> list[str]:
    directions: tuple[Direction, Direction] = ("min", comparison.direction)
    positive = bool((points[np.isfinite(points[:, 0]), 0] > 0).all())
    scales: tuple[Scale, Scale] = ("log" if positive else "linear", "linear")
    found = knee(points, directions, scales).index
    if found is None:
        return ["The front has no knee: no member lies below the line between its ends."]
    name = comparison.table["configuration"].iloc[found]
    axis = "the logarithm of energy" if positive else "energy"
    told = f"The knee is {name}, farthest of the front from the line between its ends over {axis}"
    uncertain = _uncertain(comparison, points)
    if uncertain is not None:
        share = knee_probability(uncertain, directions, scales)[found]
        told += f" (with probability {share:.0%})"
    return [told + "."]


def _volume_fact(comparison: Comparison, points: Floats, known: np.ndarray) -> list[str]:
    directions: tuple[Direction, Direction] = ("min", comparison.direction)
    worst = (
        float(points[known, 0].max()),
        float(points[known, 1].min() if comparison.direction == "max" else points[known, 1].max()),
    )
    uncertain = _uncertain(comparison, points)
    unit = "J"
    if uncertain is None:
        exact = hypervolume_interval(UncertainPoints(points, 0.0), worst, directions, draws=1)
        return [f"Hypervolume up to the worst of both: {si(exact.value, unit)} (interval unknown)."]
    found = hypervolume_interval(uncertain, worst, directions)
    return [
        f"Hypervolume up to the worst of both: {si(found.value, unit)}, 95 % of draws between "
        f"{si(found.low, unit)} and {si(found.high, unit)}."
    ]


def _uncertain(comparison: Comparison, points: Floats) -> UncertainPoints | None:
    own = np.column_stack(
        [_u(comparison, f"{comparison.energy}_u_independent"), _u(comparison, "quality_u")]
    )
    if np.isnan(own).any():
        return None
    shared = np.nan_to_num(_u(comparison, f"{comparison.energy}_u_shared"))
    common = np.column_stack([shared, np.zeros(len(points))])
    return UncertainPoints(points, own, common, _instruments(comparison))


def _instruments(comparison: Comparison) -> list[str]:
    """One meter of one machine is one instrument."""
    table = comparison.table
    parts = [table[name].astype(str) for name in ("host", "headline") if name in table]
    if not parts:
        return [""] * len(table)
    return [" ".join(each) for each in zip(*parts, strict=True)]


def _u(comparison: Comparison, column: str) -> Floats:
    table = comparison.table
    if column not in table:
        return np.full(len(table), np.nan)
    return table[column].to_numpy(dtype=float)


def _interval(step: Step) -> str:
    cost = step.cost
    if math.isnan(cost.low):
        return f"{si(cost.value / 100, 'J')} for 0.01 more, uncertainty unknown"
    told = plus_minus(cost.value / 100, cost.u / 100, "J")
    high = si(cost.high / 100, "J") if math.isfinite(cost.high) else "no limit"
    low = si(cost.low / 100, "J") if math.isfinite(cost.low) else "no limit"
    return f"{told} for 0.01 more<br>95 %: {low} to {high}"
