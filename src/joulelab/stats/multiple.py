"""p values of many tests at once, corrected so that chance does not look like a finding."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Correction = Literal["holm", "benjamini-hochberg", "none"]


def adjusted(p_values: npt.ArrayLike, method: Correction = "holm") -> Floats:
    """(m,) p values to be held against one level; NaN stays NaN and does not count as a test.

    Holm (Scand. J. Statist. 6, 1979) bounds the probability of one or more false findings, whatever the
    tests have to do with each other: max over j <= i of (m - j + 1) p_(j). Benjamini and Hochberg
    (J. R. Stat. Soc. B 57, 1995) bounds the expected share of false ones among the findings, for
    independent or positively related tests: min over j >= i of m p_(j) / j. ValueError for a p
    outside [0, 1].
    """
    given = np.asarray(p_values, dtype=float)
    rows = np.flatnonzero(~np.isnan(given))
    p = given[rows]
    if ((p < 0) | (p > 1)).any():
        raise ValueError("a p value lies between 0 and 1")
    found: Floats = np.full(given.shape, np.nan)
    m = len(p)
    order = np.argsort(p, kind="stable")
    ranked = p[order]
    if method == "holm":
        ranked = np.maximum.accumulate(ranked * (m - np.arange(m)))
    elif method == "benjamini-hochberg":
        ranked = np.minimum.accumulate((ranked * m / (np.arange(m) + 1))[::-1])[::-1]
    found[rows[order]] = np.minimum(ranked, 1.0)
    return found
