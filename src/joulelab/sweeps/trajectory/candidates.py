"""Where to look for the next run: points of the unit cube."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TOP = float(np.nextafter(1.0, 0.0))
PARENT_SDS = (0.3, 0.12, 0.05)
REFINE_SDS = (0.15, 0.1, 0.07, 0.04)
MUTATED_SHARE = 0.6
END_SHARE = 0.3


def scattered(
    count: int, categorical: npt.NDArray[np.bool_], random: np.random.Generator
) -> Floats:
    """(count, d) uniform, but each number at one of its ends with a probability of its own: in many
    dimensions the ends are where least is known, and uniform points never lie there."""
    units = random.random((count, len(categorical)))
    ends = random.random(units.shape) < END_SHARE * (random.random((count, 1)) < 0.5)
    return np.where(ends & ~categorical, np.round(units) * TOP, units)


def filled(units: Floats, random: np.random.Generator) -> Floats:
    """Inactive coordinates become anything: a child may activate them."""
    return np.where(np.isnan(units), random.random(units.shape), units)


def children(
    parents: Floats,
    count: int,
    sds: tuple[float, ...],
    categorical: npt.NDArray[np.bool_],
    random: np.random.Generator,
) -> Floats:
    """(count, d) parents in turn, each with a Gaussian step on a random part of the coordinates;
    categories, which have no neighbours, are drawn anew, with the probability of half a step."""
    rows = filled(parents[np.arange(count) % len(parents)], random)
    shape = rows.shape
    sd = np.asarray(sds)[random.integers(len(sds), size=count)][:, None]
    moved = random.random(shape) < MUTATED_SHARE
    moved[np.arange(count), random.integers(shape[1], size=count)] = True
    stepped = np.clip(rows + sd * random.standard_normal(shape) * moved, 0.0, TOP)
    redrawn = moved & (random.random(shape) < 0.5 * sd / max(PARENT_SDS))
    anew = np.where(redrawn, random.random(shape), rows)
    return np.where(categorical, anew, stepped)


def spread_by(values: Floats, count: int) -> npt.NDArray[np.intp]:
    """Indices of about `count` values that lie evenly between the lowest and the highest."""
    order = np.argsort(values, kind="stable")
    targets = np.linspace(values[order[0]], values[order[-1]], count)
    places = np.minimum(np.searchsorted(values[order], targets), len(values) - 1)
    return np.asarray(order[np.unique(places)])
