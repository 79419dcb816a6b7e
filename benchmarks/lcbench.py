"""Learning curves of small networks on 34 OpenML tasks, as a surrogate predicts them: time and error
of every epoch, a space of seven parameters, and a score for whoever looks for the front.

The surrogate is YAHPO Gym's (slds-lmu/yahpo_data 1.0.2, Apache-2.0), learnt from the curves of
LCBench (Zimmer, Lindauer and Hutter 2021). Time stands for joules at constant power: any joules made
of it are a model. It needs onnxruntime, and its folder: JOULELAB_SHARED_DATA/sweeps/lcbench.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.space import Float, Integer, Space

Floats = npt.NDArray[np.float64]
EPOCHS = 52
LEAST_S = 1e-3
GRID = 400
SPACE = Space(
    {
        "batch_size": Integer(16, 512, log=True),
        "learning_rate": Float(1e-4, 1e-1, log=True),
        "momentum": Float(0.1, 0.99),
        "weight_decay": Float(1e-5, 1e-1),
        "num_layers": Integer(1, 5),
        "max_units": Integer(64, 1024, log=True),
        "max_dropout": Float(0.0, 1.0),
    }
)


def from_cube(unit: Floats) -> Floats:
    """(n, 7) values of the parameters at (n, 7) places in [0, 1), as the score's constants were
    found with them."""
    u = unit.T
    return np.column_stack(
        [
            np.round(16 * 32 ** u[0]),
            1e-4 * 1000 ** u[1],
            0.1 + 0.89 * u[2],
            1e-5 + (0.1 - 1e-5) * u[3],
            np.floor(1 + 5 * u[4]),
            np.round(64 * 16 ** u[5]),
            u[6],
        ]
    )


@dataclass(frozen=True)
class Task:
    """`c0`, `c1`: where the score's axis of log10 seconds begins and ends; `e_ref`: the error (%)
    beyond which nothing counts; `reference`: what the best known front scores (%); `unit_s`: the
    mean time of a full run."""

    name: str
    c0: float
    c1: float
    e_ref: float
    reference: float
    unit_s: float

    @property
    def grid_s(self) -> Floats:
        return np.asarray(10 ** np.linspace(self.c0, self.c1, GRID))


DEVELOPMENT = {
    task.name: task
    for task in (
        Task("3945", 0.2997676, 2.8315027, 9.870682, 7.694569, 263.3965),
        Task("7593", 0.6198038, 3.7125795, 43.728477, 22.687575, 1791.1367),
        Task("34539", 0.0024018, 2.6038446, 16.180382, 11.659445, 141.0648),
        Task("126025", 0.1500608, 2.6651161, 21.472858, 18.216783, 166.8710),
        Task("167104", -0.5249803, 2.4704013, 18.635803, 9.665437, 87.9076),
        Task("167152", 0.1750459, 2.6288524, 27.174313, 22.629598, 174.5019),
        Task("168329", 0.1208061, 2.9160588, 94.936882, 28.932138, 304.9704),
        Task("189862", 0.0269873, 2.5758908, 23.441612, 11.524292, 134.6288),
    )
}
# Not to be looked at while a sampler is designed.
HELD_OUT = tuple(
    str(number)
    for number in (
        126026,
        126029,
        146212,
        167149,
        167161,
        167168,
        167181,
        167184,
        167185,
        167190,
        167200,
        167201,
        168330,
        168331,
        168335,
        168868,
        168908,
        168910,
        189354,
        189865,
        189866,
        189873,
        189905,
        189906,
        189908,
        189909,
    )
)


def folder() -> Path | None:
    """Where the surrogate lies; None where the environment does not say so."""
    shared = os.environ.get("JOULELAB_SHARED_DATA")
    return Path(shared) / "sweeps" / "lcbench" if shared else None


class Surrogate:
    def __init__(self, where: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(where / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        encoding = json.loads((where / "encoding.json").read_text(encoding="utf-8"))
        self._number = encoding["OpenML_task_id"]

    def outputs(self, task: str, rows: Floats) -> Floats:
        """(n, 6) time (s), validation accuracy (%), cross entropy and balanced accuracy (0-1), test
        cross entropy and balanced accuracy; of (n, 8) rows: epoch, then the space's parameters."""
        numbers = np.full((len(rows), 1), self._number[task], dtype=np.int32)
        inputs = {"x_cat": numbers, "x_cont": rows.astype(np.float32)}
        return np.asarray(self._session.run(["output"], inputs)[0], dtype=float)

    def curves(self, task: str, values: Floats) -> tuple[Floats, Floats]:
        """(n, 52) seconds up to each epoch and (n, 52) errors in %, of (n, 7) parameter values.

        The surrogate's time falls here and there: the running maximum is taken.
        """
        epochs = np.tile(np.arange(1.0, EPOCHS + 1), len(values))
        rows = np.column_stack([epochs, np.repeat(values, EPOCHS, axis=0)])
        outputs = self.outputs(task, rows).reshape(len(values), EPOCHS, 6)
        seconds = np.maximum.accumulate(np.maximum(outputs[:, :, 0], LEAST_S), axis=1)
        return seconds, np.clip(100 - outputs[:, :, 1], 0, 100)

    def curve(self, task: str, config: Mapping[str, Any]) -> tuple[Floats, Floats]:
        """(52,) each."""
        values = np.array([[float(config[key]) for key in SPACE.parameters]])
        seconds, errors = self.curves(task, values)
        return seconds[0], errors[0]


class Score:
    """The share of the reference front's hypervolume that the points given so far hold: the mean over
    the grid of log seconds of what the best error up to there is below `e_ref`."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._grid_s = task.grid_s
        self._best = np.full(GRID, task.e_ref)

    def add(self, seconds: float, error: float) -> float:
        """The share with this point too."""
        first = int(np.searchsorted(self._grid_s, seconds))
        np.minimum(self._best[first:], error, out=self._best[first:])
        return self.share

    @property
    def share(self) -> float:
        return float((self._task.e_ref - self._best).mean() / self._task.reference)
