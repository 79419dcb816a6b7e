"""Where runs fail or break a constraint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from joulelab.sweeps.trajectory.curves import Curve
from joulelab.sweeps.trajectory.embedding import Embedding
from joulelab.sweeps.trajectory.kernel import Kernel, Rows
from joulelab.sweeps.trajectory.model import CurveModel

Floats = npt.NDArray[np.float64]
# A run that failed says so of its own place only: nothing is certain next to it.
LEAST_SD = 0.1


def ended(curves: Sequence[Curve]) -> list[Curve]:
    """Runs that are known to be feasible or not."""
    return [curve for curve in curves if not curve.feasible or curve.state != "running"]


def label_rows(curves: Sequence[Curve], embedding: Embedding) -> tuple[Rows, Floats]:
    """1 where a run was feasible, 0 where not, as a curve of one step."""
    count = len(curves)
    features = embedding.features(np.array([curve.unit for curve in curves]))
    at = np.zeros(count, dtype=np.intp)
    rows = Rows(features, embedding.owner, np.zeros(1), at, np.ones(count))
    return rows, np.array([float(curve.feasible) for curve in curves])


class Feasibility:
    """Gaussian regression on the labels; the probability that the latent label is above a half."""

    def __init__(self, curves: Sequence[Curve], embedding: Embedding, kernel: Kernel) -> None:
        self._embedding = embedding
        self._model = CurveModel(kernel, *label_rows(curves, embedding))

    def probability(self, units: Floats) -> Floats:
        """(n,)"""
        mean, sd = self._model.predict(self._embedding.features(units), np.zeros(1))
        likely: Floats = ndtr((mean[:, 0] - 0.5) / np.maximum(sd[:, 0], LEAST_SD))
        return likely
