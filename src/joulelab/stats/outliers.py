"""Values far from their company, judged by medians so that the outliers do not judge themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FAR = 5.0
"""Robust z from which a value is called an outlier; 3.5 (Iglewicz and Hoaglin) cries wolf in the long
tails that durations have."""
FEWEST = 5
"""Below so many values a median knows too little of the spread."""


@dataclass(frozen=True)
class RobustZ:
    """(n,) `z` and the `centre` of each value's group; NaN where the group has too few values."""

    z: Floats
    centre: Floats


def robust_z(
    values: npt.ArrayLike, groups: npt.ArrayLike | None = None, floor: float = 0.01
) -> RobustZ:
    """(x - median) / (1.4826 MAD) within each group (Iglewicz and Hoaglin, How to Detect and Handle
    Outliers, 1993, without their mean absolute deviation). The spread is taken as at least `floor`
    times the median: values that agree to the last digit do not make the next one an outlier. Groups
    below 5 values have none (NaN)."""
    x = np.asarray(values, dtype=float)
    labels = np.zeros(len(x)) if groups is None else np.asarray(groups)
    z, centre = np.full(len(x), math.nan), np.full(len(x), math.nan)
    finite = np.flatnonzero(np.isfinite(x))
    codes = np.unique(labels.astype(str)[finite], return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    parts = np.split(finite[order], np.cumsum(np.bincount(codes))[:-1]) if len(finite) else []
    for rows in parts:
        if len(rows) >= FEWEST:
            middle = float(np.median(x[rows]))
            spread = 1.4826 * float(np.median(np.abs(x[rows] - middle)))
            spread = max(spread, floor * abs(middle))
            centre[rows] = middle
            z[rows] = (x[rows] - middle) / spread if spread > 0 else 0.0
    return RobustZ(z, centre)
