"""Which samples a step sees: a function of seed and step alone, so that a fit can go on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler


class Batches(Sampler[list[int]]):
    """The batches of steps `first` .. `total` - 1, through as many epochs as that takes.

    Each epoch is a new order of all samples. A last batch of one is left out where others came
    before it: batch norm has no variance of a single sample.
    """

    def __init__(self, samples: int, batch_size: int, seed: int) -> None:
        full, rest = divmod(samples, batch_size)
        self.per_epoch = full + (rest > 1 or (rest == 1 and full == 0))
        self.first = 0
        self.total = self.per_epoch
        self._samples = samples
        self._batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        return max(0, self.total - self.first)

    def __iter__(self) -> Iterator[list[int]]:
        order: list[int] = []
        for step in range(self.first, self.total):
            epoch, place = divmod(step, self.per_epoch)
            if place == 0 or not order:
                order = (
                    np.random.default_rng((self._seed, epoch)).permutation(self._samples).tolist()
                )
            yield order[place * self._batch_size : (place + 1) * self._batch_size]


def step_seed(seed: int, step: int) -> int:
    """Seed of what is random inside a step (dropout, masks)."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0] >> 1)
