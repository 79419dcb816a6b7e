"""Uncertainty for configurations that ran once, lent by those that were repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.stats.front import Bools, Floats


@dataclass(frozen=True)
class Lent:
    """(k,) standard uncertainties of means, their degrees of freedom, and which were lent. NaN where
    nothing was repeated and no meter says anything."""

    u: Floats
    degrees_of_freedom: Floats
    lent: Bools


def lend(means: npt.ArrayLike, u: npt.ArrayLike, n: npt.ArrayLike, relative: bool = False) -> Lent:
    """Configurations with n > 1 runs keep their u and have n - 1 degrees of freedom. Those that ran
    once get the pooled scatter of the repeated ones, s² = sum (n_i - 1) n_i u_i² / sum (n_i - 1)
    with the degrees of freedom of that sum (JCGM 100:2008, H.3.6 and G.3.3), where it is larger than
    their own u (the meter's). `relative`: the scatter is a share of the mean, as of energies. It is
    an assumption that they scatter alike, to be told beside the result.
    """
    x, own, count = (np.asarray(each, dtype=float) for each in (means, u, n))
    freedom = np.where(count > 1, count - 1, np.inf)
    size = np.abs(x) if relative else np.ones(len(x))
    known = (count > 1) & np.isfinite(own) & (size > 0)
    total = float((count[known] - 1).sum())
    if total == 0:
        return Lent(own, freedom, np.zeros(len(x), dtype=bool))
    shares = count[known] * (own[known] / size[known]) ** 2
    scatter = np.sqrt(float(((count[known] - 1) * shares).sum()) / total) * size
    lent = (count == 1) & ~(own > scatter)
    return Lent(np.where(lent, scatter, own), np.where(lent, total, freedom), lent)
