"""When a run was good enough: the point of its curve after which joules bought nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Enough:
    """The first point within `margin` of the best: its `index`, `step`, joules and quality; the best
    quality; the joules of the whole curve; `share_after` of them spent after that point."""

    index: int
    step: float
    energy_j: float
    quality: float
    best: float
    margin: float
    total_j: float

    @property
    def after_j(self) -> float:
        return self.total_j - self.energy_j

    @property
    def share_after(self) -> float:
        return self.after_j / self.total_j if self.total_j > 0 else math.nan


def enough(
    steps: npt.ArrayLike,
    energy_j: npt.ArrayLike,
    quality: npt.ArrayLike,
    margin: float,
    higher_is_better: bool = True,
) -> Enough | None:
    """First point of one curve that is no worse than its best by more than `margin` (k times the
    standard uncertainty of a difference of two points: from `point_scatter` or from repeats).

    The best of many noisy points is too good by chance, so a margin that is too small says "enough"
    too late. None where no point has both a quality and joules.
    """
    s, e, q = (np.asarray(each, dtype=float) for each in (steps, energy_j, quality))
    kept = np.flatnonzero(np.isfinite(s) & np.isfinite(e) & np.isfinite(q))
    if len(kept) == 0:
        return None
    kept = kept[np.argsort(s[kept], kind="stable")]
    signed = q[kept] if higher_is_better else -q[kept]
    best = float(signed.max())
    first = int(np.flatnonzero(signed >= best - margin)[0])
    index = int(kept[first])
    total = float(np.nanmax(np.where(np.isfinite(e), e, np.nan)))
    return Enough(
        index, float(s[index]), float(e[index]), float(q[index]),
        best if higher_is_better else -best, margin, total,
    )  # fmt: skip


def point_scatter(quality: npt.ArrayLike) -> float:
    """Standard deviation of one point of a curve around its smooth course: from second differences,
    sqrt(sum (q[i-1] - 2 q[i] + q[i+1])² / (6 (m - 2))) (Rice, Ann. Stat. 12, 1984, of higher order;
    Gasser, Sroka and Jennen-Steinmetz, Biometrika 73, 1986), for equidistant points. NaN below 4
    points. Only the later half counts where there are 8 or more: the steep rise is no noise."""
    q = np.asarray(quality, dtype=float)
    q = q[np.isfinite(q)]
    if len(q) >= 8:
        q = q[len(q) // 2 :]
    if len(q) < 4:
        return math.nan
    second = np.diff(q, 2)
    return math.sqrt(float(second @ second) / (6 * len(second)))


def best_so_far(quality: npt.ArrayLike, higher_is_better: bool = True) -> npt.NDArray[np.float64]:
    """(n,) running best; NaN counts for nothing."""
    q = np.asarray(quality, dtype=float)
    return np.fmax.accumulate(q) if higher_is_better else np.fmin.accumulate(q)
