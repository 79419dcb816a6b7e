"""Covariance of a quantity at (configuration, step), with the derivatives that a fit needs.

k = g(l) g(l') M(x, x') (s1 exp(-|l - l'| / a1) + s3) + s2 exp(-|l - l'| / a2)

M: Matern-5/2 of unit variance with a length for each parameter (Rasmussen and Williams 2006, eq.
4.17); l: position of a step (rungs.py). s3 is what a run keeps over all its steps, s1 how its curve
departs from that, s2 a curve that all runs share, rough enough to jump between neighbours (freeze-
thaw: Swersky, Snoek and Adams, arXiv 1406.3896, with their exponential decay replaced).

g is how far configurations differ at a step, log-linear between three knots along l, the middle one
1: at the first step they often all are as bad as chance, and a stationary kernel then takes what
sets them apart later for noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
# The middle one is where the second rung of nine lies.
KNOTS = np.array([0.0, 0.2, 1.0])
# Logs of s1, s2, s3, a1, a2: prior mean, prior sd, bounds.
AMPLITUDES_MEAN = np.log([0.3, 0.5, 0.5, 0.5, 0.5])
AMPLITUDES_SD = np.array([1.0, 1.5, 1.0, 0.5, 0.5])
# Long for a unit cube: distances grow with the root of the number of parameters, and short lengths
# make all that is unseen look the same (Hvarfner et al., arXiv 2402.02229).
LENGTH_MEAN, LENGTH_SD = float(np.log(1.3)), 1.0
# Of a straight line along l, the same for all: runs that are all short say which way it goes on.
TREND = 3.0
SPREAD_SD, SPREAD_BOUNDS = 1.0, (-5.0, 2.0)
NOISE_MEAN, NOISE_SD = float(np.log(1e-3)), 2.0
LENGTH_BOUNDS, AMPLITUDE_BOUNDS = (-2.5, 2.5), (-6.0, 4.0)
DECAY_BOUNDS, NOISE_BOUNDS = (-3.0, 2.0), (-12.0, 1.0)


@dataclass(frozen=True)
class Rows:
    """What was seen: `features` (n, p), `owner` (p,) the parameter of each feature, `places` (u,)
    distinct positions, `at` (n,) which of them, `noise_scale` (n,) factor on the noise variance."""

    features: Floats
    owner: Integers
    places: Floats
    at: Integers
    noise_scale: Floats

    def __len__(self) -> int:
        return len(self.at)

    @property
    def parameters(self) -> int:
        return int(self.owner.max()) + 1 if len(self.owner) else 0

    def squared_distances(self) -> Floats:
        """(d, n, n) squared distance in each parameter."""
        distances = np.zeros((self.parameters, len(self), len(self)))
        for column, owner in zip(self.features.T, self.owner, strict=True):
            distances[owner] += (column[:, None] - column[None, :]) ** 2
        return distances


def prior(parameters: int) -> tuple[Floats, Floats]:
    """Mean and sd of the Gaussian on theta = logs of (lengths, s1, s2, s3, a1, a2, g at the first
    and the last knot, noise)."""
    mean = [np.full(parameters, LENGTH_MEAN), AMPLITUDES_MEAN, np.zeros(2), np.array([NOISE_MEAN])]
    sd = [
        np.full(parameters, LENGTH_SD),
        AMPLITUDES_SD,
        np.full(2, SPREAD_SD),
        np.array([NOISE_SD]),
    ]
    return np.concatenate(mean), np.concatenate(sd)


def bounds(parameters: int) -> list[tuple[float, float]]:
    return (
        [LENGTH_BOUNDS] * parameters
        + [AMPLITUDE_BOUNDS] * 3
        + [DECAY_BOUNDS] * 2
        + [SPREAD_BOUNDS] * 2
        + [NOISE_BOUNDS]
    )


def hats(places: Floats) -> Floats:
    """(n, 2) weight of the first and the last knot at a position."""
    clipped = np.clip(places, KNOTS[0], KNOTS[-1])
    return np.stack([np.interp(clipped, KNOTS, row) for row in np.eye(len(KNOTS))[[0, -1]]], axis=1)


def matern(squared: Floats) -> tuple[Floats, Floats]:
    """Matern-5/2 and its derivative by the squared (scaled) distance."""
    r = np.sqrt(5 * np.maximum(squared, 0))
    decay = np.exp(-r)
    return (1 + r + r * r / 3) * decay, -5 / 6 * (1 + r) * decay


@dataclass(frozen=True)
class Kernel:
    theta: Floats
    parameters: int

    @property
    def lengths(self) -> Floats:
        return np.asarray(np.exp(self.theta[: self.parameters]))

    @property
    def amplitudes(self) -> Floats:
        """s1, s2, s3, a1, a2."""
        return np.asarray(np.exp(self.theta[self.parameters : self.parameters + 5]))

    @property
    def noise(self) -> float:
        return float(np.exp(self.theta[-1]))

    def spread(self, places: Floats) -> Floats:
        """(n,) g."""
        return np.asarray(np.exp(hats(places) @ self.theta[self.parameters + 5 : -1]))

    def variance(self, places: Floats) -> Floats:
        """(n,) prior variance, without noise."""
        s1, s2, s3, *_ = self.amplitudes
        return np.asarray(self.spread(places) ** 2 * (s1 + s3) + s2 + TREND * places**2)

    def of_configurations(self, a: Floats, b: Floats, owner: Integers) -> Floats:
        """(n, m) M between two sets of features."""
        lengths = self.lengths[owner].astype(a.dtype)
        left, right = a / lengths, b / lengths
        squared = (left**2).sum(1)[:, None] + (right**2).sum(1)[None, :] - 2 * left @ right.T
        return matern(squared)[0]

    def of_places(self, a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """(n, m) factor on M, and the shared part that is added."""
        s1, s2, s3, a1, a2 = self.amplitudes
        gap = np.abs(a[:, None] - b[None, :])
        spread = np.outer(self.spread(a), self.spread(b))
        trend = TREND * np.outer(a, b)
        return spread * (s1 * np.exp(-gap / a1) + s3), s2 * np.exp(-gap / a2) + trend

    def covariance(self, rows: Rows) -> Floats:
        """(n, n) of the rows, noise included."""
        own, shared = self.of_places(rows.places, rows.places)
        pairs = np.ix_(rows.at, rows.at)
        matrix = self.of_configurations(rows.features, rows.features, rows.owner)
        matrix = matrix * own[pairs] + shared[pairs]
        matrix[np.diag_indices_from(matrix)] += self.noise * rows.noise_scale
        return matrix
