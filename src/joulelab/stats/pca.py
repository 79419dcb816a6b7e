"""Standardised principal components: how many independent directions a table of figures has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """Over the `rows` (indices) without a gap and the `columns` (indices) that vary, c of them:
    `eigenvalues` (c,) falling, `explained` their shares, `loadings` (c, c) one component a column,
    `scores` (rows, c), `correlations` (c, c) of each column (down) with each component (across):
    coordinates of the correlation circle, sqrt(eigenvalue) x loading."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    eigenvalues: Floats
    explained: Floats
    loadings: Floats
    scores: Floats
    correlations: Floats


class TooFew(ValueError):
    """Why there are no components, in one sentence."""


def components(
    table: npt.ArrayLike, standard_deviation: Literal["population", "sample"] = "population"
) -> Components:
    """Eigenvectors of the correlation matrix of an (n, k) table: each column less its mean, over its
    standard deviation (Jolliffe, Principal Component Analysis, 2002, 2.3).

    With `population` standard deviations (divisor n, as scikit-learn's StandardScaler) and
    covariance over n the eigenvalues add up to the number of columns. `sample` standardises with
    divisor n - 1 and takes the covariance with it: the same eigenvalues, scores smaller by
    sqrt((n - 1) / n). Each component points so that its largest loading is positive. Rows with a NaN
    or infinity are left out, so are columns that do not vary. TooFew for fewer than two such columns
    or no more rows than columns.
    """
    given = np.atleast_2d(np.asarray(table, dtype=float))
    rows = np.flatnonzero(np.isfinite(given).all(axis=1))
    full = given[rows]
    if len(rows) < 3:
        raise TooFew(f"{_runs(len(rows))} too few for a PCA of {given.shape[1]} columns")
    spread = full.std(axis=0)
    columns = np.flatnonzero(spread > 1e-12 * np.maximum(np.abs(full).max(axis=0), 1e-300))
    if len(columns) < 2:
        raise TooFew(f"{len(columns)} of {given.shape[1]} columns vary: a PCA needs two")
    if len(rows) <= len(columns):
        raise TooFew(f"{_runs(len(rows))} too few for a PCA of {len(columns)} columns")
    freedom = 0 if standard_deviation == "population" else 1
    full = full[:, columns]
    z = (full - full.mean(axis=0)) / full.std(axis=0, ddof=freedom)
    _, singular, transposed = np.linalg.svd(z, full_matrices=False)
    eigenvalues = singular**2 / (len(z) - freedom)
    loadings = transposed.T
    largest = np.abs(loadings).argmax(axis=0)
    loadings = loadings * np.where(loadings[largest, np.arange(len(columns))] < 0, -1.0, 1.0)
    return Components(
        rows,
        columns,
        eigenvalues,
        eigenvalues / eigenvalues.sum(),
        loadings,
        z @ loadings,
        loadings * np.sqrt(eigenvalues),
    )


def _runs(n: int) -> str:
    return f"{n} complete run{' is' if n == 1 else 's are'}"
