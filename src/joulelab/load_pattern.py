"""A square load that every wall meter can see: all cores busy, then at rest, a few times."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np

CLOCK = "clock"
HALF_S = 5.0
_GOLDEN = (5**0.5 - 1) / 2
_SIZE = 256


def halves_s(cycles: int, half_s: float = HALF_S) -> list[float]:
    """Lengths of on, off, on, off ... : `half_s` and a share of a fifth of it that never repeats.

    An instrument that shows one value a second would see all edges of an even pattern at the same
    place between two of its samples, and no number of them would tell that place.
    """
    return [half_s * (1 + (number * _GOLDEN % 1) / 5) for number in range(2 * cycles)]


def load_pattern(
    phase: Callable[[str], AbstractContextManager[None]], cycles: int, half_s: float = HALF_S
) -> None:
    """`cycles` times on (phase `clock/on`) and off, each of `halves_s`, inside a phase `clock`.

    Matrix products let go of the interpreter's lock: a thread a core keeps all of them busy.
    """
    with phase(CLOCK):
        lengths_s = iter(halves_s(cycles, half_s))
        for on_s, off_s in zip(lengths_s, lengths_s, strict=True):
            with phase("on"):
                _busy(on_s)
            time.sleep(off_s)


def _busy(seconds: float) -> None:
    until_s = time.monotonic() + seconds

    def work() -> None:
        matrix = np.random.default_rng(0).standard_normal((_SIZE, _SIZE))
        while time.monotonic() < until_s:
            matrix @ matrix

    threads = [threading.Thread(target=work, daemon=True) for _ in range(os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
