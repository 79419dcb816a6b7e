"""One figure out of quality and energy: the frugality scores of the performance-tracking study."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POINTS = 100
FACTORS = (1.0, 1e-3, 1e-6)
"""Joules, kilojoules, megajoules: the score saturates where energy x factor is far above 1."""


def frugality_curves(
    performance: npt.ArrayLike, energy_j: npt.ArrayLike, factor: float = 1.0, points: int = POINTS
) -> tuple[Floats, Floats]:
    """(w, scores): (p,) weights from 0 to 1 and (n, p) FS(w) = performance - w / (1 + 1 / E), with
    E = mean joules x `factor` (MattVerlynde/frugalityscore).

    1 / (1 + 1 / E) = E / (1 + E) goes from 0 for no energy to 1: w is the largest loss of
    performance that energy may cost. Negative or unknown energies have no score (NaN).
    """
    w = np.linspace(0.0, 1.0, points)
    p = np.atleast_1d(np.asarray(performance, dtype=float))
    energy = np.atleast_1d(np.asarray(energy_j, dtype=float)) * factor
    known = energy >= 0
    penalty = np.full(energy.shape, np.nan)
    finite = known & np.isfinite(energy)
    penalty[finite] = energy[finite] / (1 + energy[finite])
    penalty[known & np.isinf(energy)] = 1.0
    return w, p[:, None] - w[None, :] * penalty[:, None]


def linear_score(
    performance: npt.ArrayLike, energy_j: npt.ArrayLike, best_performance: float = 1.0
) -> Floats:
    """(n,) 0.5 p + 0.5 (1 - c): p = performance / `best_performance`, c = energy over the largest
    energy of the set, so the score of one changes with its company."""
    p, c = _shares(performance, energy_j, best_performance)
    scores: Floats = 0.5 * p + 0.5 * (1 - c)
    return scores


def harmonic_score(
    performance: npt.ArrayLike, energy_j: npt.ArrayLike, best_performance: float = 1.0
) -> Floats:
    """(n,) 2 p (1 - c) / (p + 1 - c), 0 where both are 0: the dearest of the set always scores 0."""
    p, c = _shares(performance, energy_j, best_performance)
    total = p + 1 - c
    scores: Floats = np.where(total == 0, 0.0, 2 * p * (1 - c) / np.where(total == 0, 1.0, total))
    return scores


def winners(w: Floats, scores: Floats) -> list[tuple[int, float, float]]:
    """(row, from, to): who has the highest score over which weights, rising. The crossing of two
    neighbours is interpolated, which is exact as scores are straight lines in w."""
    known = np.where(np.isnan(scores), -np.inf, scores)
    if known.size == 0 or np.isneginf(known).all():
        return []
    best = known.argmax(axis=0)
    stretches: list[tuple[int, float, float]] = []
    start = float(w[0])
    for index in range(1, len(w)):
        if best[index] != best[index - 1]:
            a, b = known[best[index - 1]], known[best[index]]
            gap = (a - b)[index - 1 : index + 1]
            share = gap[0] / (gap[0] - gap[1]) if gap[0] != gap[1] else 0.0
            stop = float(w[index - 1] + share * (w[index] - w[index - 1]))
            stretches.append((int(best[index - 1]), start, stop))
            start = stop
    return [*stretches, (int(best[-1]), start, float(w[-1]))]


def _shares(
    performance: npt.ArrayLike, energy_j: npt.ArrayLike, best_performance: float
) -> tuple[Floats, Floats]:
    energy = np.asarray(energy_j, dtype=float)
    finite = energy[np.isfinite(energy)]
    largest = float(finite.max()) if len(finite) and finite.max() > 0 else np.nan
    return np.asarray(performance, dtype=float) / best_performance, energy / largest
