"""One Gaussian process over (configuration, step): fitted, conditioned, asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular

from joulelab.sweeps.trajectory.evidence import fit
from joulelab.sweeps.trajectory.kernel import Kernel, Rows
from joulelab.sweeps.trajectory.precision import narrowed

Floats = npt.NDArray[np.float64]
JITTER = 1e-8
# Share of the prior's; what is rounded in a variance is of this order.
LEAST_VARIANCE = 1e-6


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
        matrix[np.diag_indices_from(matrix)] += JITTER * kernel.variance(rows.places).max()
        factor = cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        self._inverse_factor = solve_triangular(
            factor, np.eye(len(rows)), lower=True, check_finite=False
        )
        self._standard = self._scaled.standard(values)
        self._alpha = self._inverse_factor.T @ (self._inverse_factor @ self._standard)
        self._whitener = narrowed(self._inverse_factor.T)

    def predict(self, features: Floats, places: Floats) -> tuple[Floats, Floats]:
        """(n, k) mean and sd, without noise, of n configurations (n, p) at k positions."""
        rows = self._rows
        unit = self._near(features)
        own, shared = self._kernel.of_places(places, rows.places[rows.at])
        mean = unit @ (own * self._alpha).T + shared @ self._alpha
        sd = self._sd(unit, own, shared, self._kernel.variance(places))
        return self._scaled.mean + self._scaled.sd * mean, self._scaled.sd * sd

    def mean(self, features: Floats, place: float) -> Floats:
        """(n,)"""
        rows = self._rows
        unit = self._near(features)
        own, shared = self._kernel.of_places(np.array([place]), rows.places[rows.at])
        standard: Floats = unit @ (own[0] * self._alpha) + shared[0] @ self._alpha
        return np.asarray(self._scaled.mean + self._scaled.sd * standard)

    def joint(self, features: Floats, places: Floats) -> tuple[Floats, Floats, float]:
        """(k,) mean, (k, k) covariance and the variance of noise, of one configuration (1, p)."""
        rows, kernel, scale = self._rows, self._kernel, self._scaled.sd
        unit = kernel.of_configurations(features, rows.features, rows.owner)
        own, shared = kernel.of_places(places, rows.places[rows.at])
        cross = unit * own + shared
        whitened = cross @ self._inverse_factor.T
        own, shared = kernel.of_places(places, places)
        covariance = own + shared - whitened @ whitened.T
        mean = self._scaled.mean + scale * (cross @ self._alpha)
        return mean, scale**2 * covariance, scale**2 * kernel.noise

    def _near(self, features: Floats) -> Floats:
        rows = self._rows
        return self._kernel.of_configurations(
            narrowed(features), narrowed(rows.features), rows.owner
        )

    def _sd(self, unit: Floats, own: Floats, shared: Floats, prior: Floats) -> Floats:
        # Most of a decision's time; seven digits are plenty for a variance.
        narrow = [narrowed(array) for array in (unit, own, shared)]
        cross = narrow[0][:, None, :] * narrow[1][None] + narrow[2][None]
        whitened = cross.reshape(-1, len(self._rows)) @ self._whitener
        explained = np.einsum("ij,ij->i", whitened, whitened).reshape(len(unit), len(own))
        return np.asarray(np.sqrt(np.maximum(prior - explained, LEAST_VARIANCE * prior)))

    def at_rows(self) -> Floats:
        """(n,) mean at the rows themselves: the values less what is noise of them."""
        noise = self._kernel.noise * self._rows.noise_scale
        standard = self._standard - noise * self._alpha
        return np.asarray(self._scaled.mean + self._scaled.sd * standard)
