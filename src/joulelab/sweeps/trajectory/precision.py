"""Seven digits where they are plenty: arrays of half the width are worked through in half the time."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def narrowed(array: Floats) -> Floats:
    """As float32; typed as any array of floats, since all that is done to it stays the same."""
    return cast(Floats, array.astype(np.float32))
