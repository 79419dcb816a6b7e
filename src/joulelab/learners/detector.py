"""What a detector of anomalies must be able to do for `AnomalyLearner`, in whatever framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from joulelab.models.omnianomaly_spec import Sizes

Array = npt.NDArray[np.float32]
State = dict[str, npt.NDArray[np.generic]]


class Detector(Protocol):
    """A net with its optimiser.

    Arrays are float32, time first: windows (T, b, d), noise (T, b, z) or (T, 1, z), chunks (L, b, d).
    Nothing in it is random: noise is handed in, so that two frameworks can be given the same.
    """

    @property
    def sizes(self) -> Sizes: ...

    def train_step(self, windows: Array, noise: Array, lr: float) -> float:
        """One update; the loss before it, in nats a step of a window."""
        ...

    def loss(self, windows: Array, noise: Array) -> float:
        """The same loss, nothing updated."""
        ...

    def score(self, chunks: Array, noise: Array) -> Array:
        """(L, b) minus log p(x_t | z_t), larger being more anomalous, for chunks of any length L."""
        ...

    def state(self) -> State:
        """Copies of all that training needs to go on: `weights/<name>`, `adam_m/<name>`,
        `adam_v/<name>`, `adam_step`. The names are the same in every framework."""
        ...

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """KeyError or ValueError for names or shapes that are not this net's."""
        ...
