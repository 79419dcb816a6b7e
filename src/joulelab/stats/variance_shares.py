"""Which factor moves a figure: its share of the variance, of factors alone and of their pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import stats

from joulelab.stats.correlation import varies

Floats = npt.NDArray[np.float64]

MOST_LEVELS = 10
"""A factor of numbers with more levels enters as a parabola, not level by level."""


@dataclass(frozen=True)
class Effect:
    """`share` of the total variance that only this term explains, `omega_squared` the same less what
    chance alone gives it, F test with `degrees_of_freedom` and `p`."""

    names: tuple[str, ...]
    share: float
    omega_squared: float
    degrees_of_freedom: int
    p: float


@dataclass(frozen=True)
class Shares:
    """`effects` of single factors first, then of pairs, each in falling order; `explained` by all
    single factors together (R²), `entangled`: what they explain together but none alone, as the
    design does not tell them apart (below zero where they mask each other); `residual` the rest.
    `left_out`: factor -> why. `note` says why there is nothing, else is empty."""

    effects: list[Effect]
    explained: float
    entangled: float
    residual: float
    n: int
    left_out: dict[str, str]
    note: str = ""


def variance_shares(
    response: npt.ArrayLike, factors: Mapping[str, Sequence[object]], pairs: int = 6
) -> Shares:
    """Analysis of variance of (n,) `response` with sums of squares of type II, for designs that need
    not be balanced: of a factor, R(all factors) - R(all others); of a pair, what its interaction
    adds to all single factors (Yates, J. Am. Stat. Assoc. 29, 1934; Langsrud, Stat. Comput. 13,
    2003). omega² = (SS - df MS_error) / (SS_total + MS_error). Interactions among the `pairs`
    strongest factors.

    Take the logarithm of an energy first: factors multiply it. A factor is a set of levels, or
    where it has more than 10 numbers, a parabola in its values (in their logarithms where all are
    positive and span a decade). Rows without a finite response are left out; so is a factor with one
    level or with nearly as many levels as runs. A missing level (None, NaN) is one of its own.
    """
    y = np.asarray(response, dtype=float)
    rows = np.flatnonzero(np.isfinite(y))
    y = y[rows]
    n = len(y)
    if n < 4 or not varies(y):
        why = f"{n} runs are too few" if n < 4 else "it does not vary"
        return Shares([], math.nan, math.nan, math.nan, n, {}, why)
    columns: dict[str, Floats] = {}
    left_out: dict[str, str] = {}
    for name, values in factors.items():
        found = _columns([values[row] for row in rows])
        if isinstance(found, str):
            left_out[name] = found
        else:
            columns[name] = found
    if not columns:
        return Shares([], math.nan, math.nan, math.nan, n, left_out, "no factor varies")
    return _shares(y - y.mean(), columns, left_out, pairs)


def _shares(y: Floats, columns: dict[str, Floats], left_out: dict[str, str], pairs: int) -> Shares:
    n, total = len(y), float(y @ y)
    names = list(columns)
    design = np.hstack([columns[name] for name in names])
    owner = np.repeat(np.arange(len(names)), [columns[name].shape[1] for name in names])
    gram, moment = design.T @ design, design.T @ y
    all_in, rank = _explained(gram, moment)
    free = n - 1 - rank
    if free < 1:
        note = f"{n} runs are too few for {rank} degrees of freedom of {len(names)} factors"
        return Shares([], math.nan, math.nan, math.nan, n, left_out, note)
    error = max(total - all_in, 0.0) / free
    single = []
    for index, name in enumerate(names):
        others = owner != index
        without, less = _explained(gram[np.ix_(others, others)], moment[others])
        single.append(_effect((name,), all_in - without, rank - less, total, error, free))
    single.sort(key=lambda each: -each.share)
    alone = sum(each.share for each in single)
    crossed = []
    for a, b in combinations([each.names[0] for each in single[:pairs]], 2):
        product = (columns[a][:, :, None] * columns[b][:, None, :]).reshape(n, -1)
        product = _unit(product - product.mean(axis=0))
        extended = np.hstack([design, product])
        with_pair, more = _explained(extended.T @ extended, extended.T @ y)
        if more > rank and n - 1 - more >= 1:
            rest = max(total - with_pair, 0.0) / (n - 1 - more)
            crossed.append(
                _effect((a, b), with_pair - all_in, more - rank, total, rest, n - 1 - more)
            )
    crossed.sort(key=lambda each: -each.share)
    explained = all_in / total
    return Shares([*single, *crossed], explained, explained - alone, 1 - explained, n, left_out)


def _effect(
    names: tuple[str, ...], squares: float, df: int, total: float, error: float, free: int
) -> Effect:
    squares = max(squares, 0.0)
    if df == 0:
        return Effect(names, 0.0, 0.0, 0, math.nan)
    omega = (squares - df * error) / (total + error)
    # A perfect fit leaves an error of rounding only.
    exact = error <= 1e-20 * total
    p = (
        float(squares <= 1e-12 * total)
        if exact
        else float(stats.f.sf(squares / df / error, df, free))
    )
    return Effect(names, squares / total, max(omega, 0.0), df, p)


def _explained(gram: Floats, moment: Floats) -> tuple[float, int]:
    """Sum of squares that the columns explain, and their rank."""
    if len(gram) == 0:
        return 0.0, 0
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-9 * values[-1]
    projected = vectors[:, kept].T @ moment
    return float(np.sum(projected**2 / values[kept])), int(kept.sum())


def _columns(values: Sequence[object]) -> Floats | str:
    """Centred columns of unit length, or why there are none."""
    numbers = numbers_of(values)
    texts = np.array([str(each) for each in values])
    levels, codes = np.unique(texts, return_inverse=True)
    if len(levels) < 2:
        return "one level"
    if numbers is not None and len(levels) > MOST_LEVELS:
        if (numbers > 0).all() and numbers.max() >= 10 * numbers.min():
            numbers = np.log(numbers)
        z = (numbers - numbers.mean()) / numbers.std()
        table = np.column_stack([z, z**2])
    elif len(levels) > len(values) // 2 + 1:
        return f"{len(levels)} levels in {len(values)} runs"
    else:
        table = np.eye(len(levels))[codes][:, 1:]
    return _unit(table - table.mean(axis=0))


def numbers_of(values: Sequence[object]) -> Floats | None:
    """(n,) finite floats where all are such (bools are levels, not numbers), else None."""
    kinds = (int, float, np.integer, np.floating)
    if any(isinstance(each, (bool, np.bool_)) or not isinstance(each, kinds) for each in values):
        return None
    array = np.array(values, dtype=float)
    return array if np.isfinite(array).all() else None


def _unit(table: Floats) -> Floats:
    length = np.sqrt((table**2).sum(axis=0))
    return np.asarray(table[:, length > 1e-12] / length[length > 1e-12])
