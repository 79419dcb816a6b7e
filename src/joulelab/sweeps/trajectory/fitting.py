"""When kernels are fitted, and to what.

A fit must follow from the history alone, so that a sweep that was killed decides as one that was
not. It therefore starts from the middle of the prior and sees only runs below a milestone (their
number grows by a fifth from one to the next); while those stay as they are, it is remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.trajectory.belief import Kernels, Seen
from joulelab.sweeps.trajectory.curves import Curve
from joulelab.sweeps.trajectory.embedding import Embedding
from joulelab.sweeps.trajectory.feasibility import ended, label_rows
from joulelab.sweeps.trajectory.kernel import Kernel, Rows
from joulelab.sweeps.trajectory.model import fitted_kernel
from joulelab.sweeps.trajectory.problem import Problem
from joulelab.sweeps.trajectory.rungs import Rungs
from joulelab.sweeps.trajectory.warps import Warp

Floats = npt.NDArray[np.float64]
GROWTH = 1.25
ITERATIONS = 24
# A fit takes some 50 evaluations of n^3: few rows are enough for a dozen numbers.
FIT_ROWS = 128
REMEMBERED = 64


def milestone(runs: int) -> int:
    """The largest of 1, 2, 3, 4, 5, 6, 8, 10, 12 ... that is at most `runs`."""
    reached = 1
    while (following := max(reached + 1, int(reached * GROWTH))) <= runs:
        reached = following
    return reached


def fit_curves(curves: Sequence[Curve]) -> list[Curve]:
    """Runs below the milestone that are at rest; of many, evenly spaced ones, newest included."""
    below = milestone(max(len(curves) - 1, 1))
    chosen = [c for c in curves[:below] if len(c) and c.state != "running"]
    rows = sum(len(curve) for curve in chosen)
    stride = -(-rows // FIT_ROWS)
    return chosen[::-1][:: max(stride, 1)][::-1] if chosen else [c for c in curves if len(c)]


class Fitter:
    def __init__(self, rungs: Rungs, embedding: Embedding) -> None:
        self._rungs, self._embedding = rungs, embedding
        self._known: OrderedDict[bytes, Kernel] = OrderedDict()

    def kernels(self, curves: Sequence[Curve], problem: Problem, warp: Warp) -> Kernels:
        chosen = fit_curves(curves)
        seen = Seen.of(chosen, self._rungs)
        features = self._embedding.features(np.array([curve.unit for curve in chosen]))
        scale = warp.slope(seen.losses) ** 2
        loss_rows = seen.rows(features, self._embedding.owner, scale)
        cost_rows = seen.rows(features, self._embedding.owner, np.ones_like(scale))
        return Kernels(
            self._fitted(loss_rows, warp.forward(seen.losses)),
            self._fitted(cost_rows, seen.log_cost_per_step),
            self._of_feasibility(curves),
        )

    def _of_feasibility(self, curves: Sequence[Curve]) -> Kernel | None:
        known = ended(curves)
        known = known[: milestone(max(len(known), 1))][-FIT_ROWS:]
        if all(curve.feasible for curve in known):
            return None
        return self._fitted(*label_rows(known, self._embedding))

    def _fitted(self, rows: Rows, values: Floats) -> Kernel:
        arrays = (rows.features, rows.at, rows.places, rows.noise_scale, values)
        key = b"".join(array.tobytes() for array in arrays)
        if key not in self._known:
            self._known[key] = fitted_kernel(rows, values, ITERATIONS)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]
