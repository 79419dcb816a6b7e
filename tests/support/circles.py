"""Two points that go round, and now and then stand at their circles' centres: nothing that a step's
distance from the mean, or from a plane, could tell."""

from __future__ import annotations

import numpy as np

from joulelab.data.anomaly import AnomalyData, bare_spec
from joulelab.data.entities import Anomaly, Entity, marks_of, series

STEPS = 1500


class Circles(AnomalyData):
    def _read(self, chosen):
        random = np.random.default_rng(0)
        test, marks = _going_round(random), []
        for start in range(60, STEPS - 50, 90):
            test[start : start + 8] = 0.02 * random.standard_normal((8, 4))
            marks.append(Anomaly(start, start + 8))
        found = series(test, marks_of(marks, STEPS), marks)
        return [Entity("one", series(_going_round(random)), found)]

    def _describe(self):
        return bare_spec("circles", ["a", "b", "c", "d"], "generated", synthetic=True)


def _going_round(random):
    angles = np.cumsum(random.uniform(0.25, 0.35, (STEPS, 2)), axis=0)
    values = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return values + 0.02 * random.standard_normal(values.shape)
