"""Covariance of a quantity at (configuration, step), with the derivatives that a fit needs.

k = M(x, x') (s1 exp(-|l - l'| / a1) + s3) + s2 exp(-|l - l'| / a2)

M: Matern-5/2 of unit variance with a length for each parameter (Rasmussen and Williams 2006, eq.
4.17); l: position of a step (rungs.py). s3 is what a run keeps over all its steps, s1 how its curve
departs from that, s2 a curve that all runs share, rough enough to jump between neighbours (freeze-
thaw: Swersky, Snoek and Adams, arXiv 1406.3896, with their exponential decay replaced).

Noise is a variance of its own at each step, log-linear between three knots along l.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
KNOTS = np.array([0.0, 0.5, 1.0])
# Logs of s1, s2, s3, a1, a2: prior mean, prior sd, bounds.
AMPLITUDES_MEAN = np.log([0.3, 0.5, 0.5, 0.5, 0.5])
AMPLITUDES_SD = np.array([1.0, 1.5, 1.0, 1.0, 1.0])
LENGTH_MEAN, LENGTH_SD = float(np.log(0.7)), 1.0
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
    """Mean and sd of the Gaussian on theta = logs of (lengths, s1, s2, s3, a1, a2, noise knots)."""
    mean = [np.full(parameters, LENGTH_MEAN), AMPLITUDES_MEAN, np.full(len(KNOTS), NOISE_MEAN)]
    sd = [np.full(parameters, LENGTH_SD), AMPLITUDES_SD, np.full(len(KNOTS), NOISE_SD)]
    return np.concatenate(mean), np.concatenate(sd)


def bounds(parameters: int) -> list[tuple[float, float]]:
    return (
        [LENGTH_BOUNDS] * parameters
        + [AMPLITUDE_BOUNDS] * 3
        + [DECAY_BOUNDS] * 2
        + [NOISE_BOUNDS] * len(KNOTS)
    )


def hats(places: Floats) -> Floats:
    """(n, 3) weight of each knot at a position."""
    clipped = np.clip(places, KNOTS[0], KNOTS[-1])
    return np.stack([np.interp(clipped, KNOTS, row) for row in np.eye(len(KNOTS))], axis=1)


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
    def prior_variance(self) -> float:
        return float(self.amplitudes[:3].sum())

    def noise(self, places: Floats) -> Floats:
        return np.asarray(np.exp(hats(places) @ self.theta[self.parameters + 5 :]))

    def of_configurations(self, a: Floats, b: Floats, owner: Integers) -> Floats:
        """(n, m) M between two sets of features."""
        left, right = a / self.lengths[owner], b / self.lengths[owner]
        squared = (left**2).sum(1)[:, None] + (right**2).sum(1)[None, :] - 2 * left @ right.T
        return matern(squared)[0]

    def of_places(self, a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """(n, m) factor on M, and the shared part that is added."""
        s1, s2, s3, a1, a2 = self.amplitudes
        gap = np.abs(a[:, None] - b[None, :])
        return s1 * np.exp(-gap / a1) + s3, s2 * np.exp(-gap / a2)

    def covariance(self, rows: Rows) -> Floats:
        """(n, n) of the rows, noise included."""
        own, shared = self.of_places(rows.places, rows.places)
        pairs = np.ix_(rows.at, rows.at)
        matrix = self.of_configurations(rows.features, rows.features, rows.owner)
        matrix = matrix * own[pairs] + shared[pairs]
        matrix[np.diag_indices_from(matrix)] += self.noise(rows.places)[rows.at] * rows.noise_scale
        return matrix
