"""One Gaussian process over (configuration, step): fitted, conditioned, asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular

from joulelab.sweeps.trajectory.evidence import fit
from joulelab.sweeps.trajectory.kernel import Kernel, Rows

Floats = npt.NDArray[np.float64]
JITTER = 1e-8


@dataclass(frozen=True)
class Scaled:
    """Values brought to mean 0 and sd 1."""

    mean: float
    sd: float

    @classmethod
    def of(cls, values: Floats) -> Scaled:
        sd = float(values.std())
        return cls(float(values.mean()), sd if sd > 1e-9 else 1.0)

    def standard(self, values: Floats) -> Floats:
        return np.asarray((values - self.mean) / self.sd)


def fitted_kernel(rows: Rows, values: Floats, iterations: int) -> Kernel:
    return fit(rows, Scaled.of(values).standard(values), iterations)


class CurveModel:
    """Exact posterior given `rows` and `values` (n,); the mean far from all rows is that of the
    values."""

    def __init__(self, kernel: Kernel, rows: Rows, values: Floats) -> None:
        self._kernel, self._rows, self._scaled = kernel, rows, Scaled.of(values)
        matrix = kernel.covariance(rows)
        matrix[np.diag_indices_from(matrix)] += JITTER * kernel.prior_variance
        factor = cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        self._inverse_factor = solve_triangular(
            factor, np.eye(len(rows)), lower=True, check_finite=False
        )
        standard = self._scaled.standard(values)
        self._alpha = self._inverse_factor.T @ (self._inverse_factor @ standard)

    def predict(self, features: Floats, places: Floats) -> tuple[Floats, Floats]:
        """(n, k) mean and sd, without noise, of n configurations (n, p) at k positions."""
        rows = self._rows
        unit = self._kernel.of_configurations(features, rows.features, rows.owner)
        own, shared = self._kernel.of_places(places, rows.places[rows.at])
        cross = unit[:, None, :] * own[None] + shared[None]
        flat = cross.reshape(len(features) * len(places), len(rows))
        mean = flat @ self._alpha
        whitened = flat @ self._inverse_factor.T
        explained = np.einsum("ij,ij->i", whitened, whitened)
        variance = np.maximum(self._kernel.prior_variance - explained, 1e-12)
        shape = (len(features), len(places))
        scaled = self._scaled
        return (
            (scaled.mean + scaled.sd * mean).reshape(shape),
            (scaled.sd * np.sqrt(variance)).reshape(shape),
        )

    def noise_variance(self, places: Floats) -> Floats:
        """(k,) of a value seen at a position, for a noise scale of 1."""
        return np.asarray(self._kernel.noise(places) * self._scaled.sd**2)
