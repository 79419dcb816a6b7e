"""How well a kernel explains what was seen, with its gradient; the fit of a kernel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from joulelab.sweeps.trajectory.kernel import Kernel, Rows, bounds, hats, matern, prior

Floats = npt.NDArray[np.float64]
HOPELESS = 1e10


class Evidence:
    """- log p(values | theta) - log p(theta), and its gradient by theta.

    The gradient of the first is -tr(W dK/dtheta) with W = (alpha alpha' - K^-1) / 2 and
    alpha = K^-1 values (Rasmussen and Williams 2006, eq. 5.9); along the steps it is summed over
    the few distinct positions first.
    """

    def __init__(self, rows: Rows, values: Floats) -> None:
        self._rows, self._values = rows, values
        self._distances = rows.squared_distances()
        self._flat = self._distances.reshape(rows.parameters, len(rows) ** 2)
        self._at = np.eye(len(rows.places))[rows.at]
        self._gap = np.abs(rows.places[:, None] - rows.places[None, :])
        self._hats = hats(rows.places)[rows.at]
        self._mean, self._sd = prior(rows.parameters)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        rows, kernel = self._rows, Kernel(theta, self._rows.parameters)
        squared = (kernel.lengths**-2 @ self._flat).reshape(len(rows), len(rows))
        unit, slope = matern(squared)
        own, shared = kernel.of_places(rows.places, rows.places)
        pairs = np.ix_(rows.at, rows.at)
        own_pairs = own[pairs]
        noise = kernel.noise * rows.noise_scale
        matrix = unit * own_pairs + shared[pairs]
        matrix[np.diag_indices_from(matrix)] += noise
        try:
            factor = cholesky(matrix, lower=True, check_finite=False)
        except LinAlgError:
            return HOPELESS, np.zeros_like(theta)
        inverse, _ = dpotri(factor, lower=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        alpha = inverse @ self._values
        weights = 0.5 * (np.outer(alpha, alpha) - inverse)
        lengths = self._flat @ (weights * own_pairs * slope).ravel() * (-2 / kernel.lengths**2)
        along = self._along(kernel, self._fold(weights * unit), self._fold(weights))
        spread = 2 * self._hats.T @ (weights * unit * own_pairs).sum(axis=1)
        level = [np.diag(weights) @ noise]
        z = (theta - self._mean) / self._sd
        loss = 0.5 * self._values @ alpha + np.log(np.diag(factor)).sum() + 0.5 * z @ z
        return float(loss), z / self._sd - np.concatenate([lengths, along, spread, level])

    def _fold(self, weights: Floats) -> Floats:
        folded: Floats = self._at.T @ weights @ self._at
        return folded

    def _along(self, kernel: Kernel, of_runs: Floats, of_all: Floats) -> Floats:
        s1, s2, s3, a1, a2 = kernel.amplitudes
        spread = kernel.spread(self._rows.places)
        of_runs = of_runs * np.outer(spread, spread)
        first, second = s1 * np.exp(-self._gap / a1), s2 * np.exp(-self._gap / a2)
        return np.array(
            [
                (of_runs * first).sum(),
                (of_all * second).sum(),
                s3 * of_runs.sum(),
                (of_runs * first * self._gap).sum() / a1,
                (of_all * second * self._gap).sum() / a2,
            ]
        )


def fit(rows: Rows, values: Floats, iterations: int) -> Kernel:
    """The most probable kernel, searched from the middle of the prior by L-BFGS-B: the same rows
    give the same kernel, whatever was fitted before."""
    start, _ = prior(rows.parameters)
    found = minimize(
        Evidence(rows, values),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds(rows.parameters),
        options={"maxiter": iterations, "maxfun": 2 * iterations},
    )
    return Kernel(np.asarray(found.x), rows.parameters)
