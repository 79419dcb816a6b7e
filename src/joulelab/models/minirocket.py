"""MiniRocket features (Dempster et al., KDD 2021; aeon's implementation) and a ridge classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from aeon.transformations.collection.convolution_based import MiniRocket
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


class MiniRocketFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """(n, channels, length) -> (n, about `n_kernels`) float32. aeon's transformer refuses targets of
    several labels, though it reads none: it is not given any."""

    def __init__(
        self, n_kernels: int = 10_000, n_jobs: int = 1, random_state: int | None = None
    ) -> None:
        self.n_kernels = n_kernels
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> MiniRocketFeatures:
        self.transformer_ = MiniRocket(
            n_kernels=self.n_kernels, n_jobs=self.n_jobs, random_state=self.random_state
        )
        self.transformer_.fit(X)
        return self

    def transform(self, X: Any) -> Any:
        return self.transformer_.transform(X)


def build(n_kernels: int = 10_000, n_jobs: int = 1) -> Pipeline:
    """Features -> standard deviation 1 -> ridge, its penalty by leave-one-out among ten from 1e-3
    to 1e3. Series need 9 points. `n_jobs` is in threads.

    aeon compiles its loops at the first call in a process (from its cache where that is writable):
    a warm-up keeps that out of a measured fit.
    """
    return make_pipeline(
        MiniRocketFeatures(n_kernels, n_jobs),
        StandardScaler(with_mean=False),
        RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)),
    )
