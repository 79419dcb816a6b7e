"""Scores that know next to nothing: what a model has to beat before its figures mean anything.

Each takes (n, d) normal training values and (m, d) values to be judged and gives (m,) scores, larger
being more anomalous.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from joulelab.stats.anomaly.truth import Floats


def random_scores(length: int, seed: int) -> Floats:
    """Uniform in [0, 1): knows nothing at all."""
    return np.random.default_rng(seed).random(length)


def zscore_norm(train: npt.ArrayLike, test: npt.ArrayLike, least_std: float = 1e-3) -> Floats:
    """Euclidean norm of the channels' z-scores, by mean and standard deviation of train; `least_std` is
    added to the latter, for channels that train never saw move."""
    known = np.asarray(train, np.float64)
    scaled = (np.asarray(test, np.float64) - known.mean(axis=0)) / (known.std(axis=0) + least_std)
    return np.asarray(np.linalg.norm(scaled, axis=1))


def pca_residual(train: npt.ArrayLike, test: npt.ArrayLike, components: int = 10) -> Floats:
    """Distance to the plane of the first principal components of train; half of the channels at most,
    so that something is left."""
    known = np.asarray(train, np.float64)
    mean = known.mean(axis=0)
    centred = known - mean
    kept = max(1, min(components, known.shape[1] // 2))
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :kept]
    moved = np.asarray(test, np.float64) - mean
    return np.asarray(np.linalg.norm(moved - moved @ axes @ axes.T, axis=1))


def trivial_scores(
    train: npt.ArrayLike, test: npt.ArrayLike, seeds: int = 5
) -> dict[str, list[Floats]]:
    """Every trivial row of the same data: name, and its scores, several of them for `random`."""
    length = len(np.asarray(test))
    return {
        "random": [random_scores(length, seed) for seed in range(seeds)],
        "zscore": [zscore_norm(train, test)],
        "pca": [pca_residual(train, test)],
    }
