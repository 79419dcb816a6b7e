"""MiniRocket features (Dempster et al., KDD 2021; aeon's implementation) and a ridge classifier."""

from __future__ import annotations

from typing import Any


def build(n_kernels: int = 10_000, n_jobs: int = 1) -> Any:
    """A scikit-learn pipeline: (n, channels, length) -> `n_kernels` features -> ridge, its penalty
    by leave-one-out among ten from 1e-3 to 1e3. Series need 9 points. `n_jobs` is in threads.

    aeon compiles its loops at the first call in a process (from its cache where that is writable):
    a warm-up keeps that out of a measured fit.
    """
    import numpy as np
    from aeon.transformations.collection.convolution_based import MiniRocket
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        MiniRocket(n_kernels=n_kernels, n_jobs=n_jobs),
        StandardScaler(with_mean=False),
        RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)),
    )
