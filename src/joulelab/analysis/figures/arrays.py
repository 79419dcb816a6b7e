"""Arrays of marks: floating point, with gaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def array(values: npt.ArrayLike | None, size: int = 0) -> Floats:
    """(n,) float64, infinite values as NaN; `size` NaN for None."""
    if values is None:
        return np.full(size, np.nan)
    found = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def same_length(mark: object, *names: str) -> None:
    """Of what is given: an empty `text` is no text."""
    lengths: dict[str, int] = {}
    for name in names:
        values = getattr(mark, name)
        if values is not None and (name in ("x", "y") or len(values)):
            lengths[name] = len(values)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{type(mark).__name__}: lengths differ: {lengths}")
