"""Counters as somebody else recorded them: wraps undone, restarts marked, in joules from the first."""

from __future__ import annotations

import numpy as np

from joulelab.meters.energy.curves import Floats, Times
from joulelab.units import NS_PER_S

IMPLAUSIBLE = 1.5
STEP_S = 1.0
"""Two close readings may lie a whole refresh of the counter apart."""


def unwrap(
    times_ns: Times,
    values_j: Floats,
    wrap_j: float | None = None,
    power_max_w: float | None = None,
) -> tuple[Times, Floats]:
    """(m,) times and joules since the first reading, from (n,) raw ones in order of time; m >= n.

    A fall is a wrap where `wrap_j` explains it with no more than 1.5 `power_max_w`. Any other fall, a
    rise beyond that power and a pause in which it could have wrapped twice are restarts: infinity
    one nanosecond before the reading, whose own value goes on from the last one. NaN stays NaN.
    """
    good = np.flatnonzero(np.isfinite(values_j))
    gain, passed_s = np.diff(values_j[good]), np.diff(times_ns[good]) / NS_PER_S
    most_j = np.full(len(gain), np.inf)
    if power_max_w is not None:
        most_j = IMPLAUSIBLE * power_max_w * (passed_s + STEP_S)
    unknown = (gain < 0) | (gain > most_j)
    if wrap_j is not None:
        wrapped = gain + wrap_j
        # A reading above the range says that the range is not this counter's.
        whole = (gain < 0) & (wrapped >= 0) & (wrapped <= most_j)
        whole &= values_j[good][:-1] <= wrap_j * (1 + 1e-9)
        gain, unknown = np.where(whole, wrapped, gain), unknown & ~whole
        if power_max_w is not None:
            unknown |= passed_s > wrap_j / power_max_w
    total = np.full(len(values_j), np.nan)
    total[good] = np.concatenate(([0.0], np.cumsum(np.where(unknown, 0.0, gain))))[: len(good)]
    restarts = good[1:][unknown]
    return (
        np.concatenate((times_ns, times_ns[restarts] - 1)),
        np.concatenate((total, np.full(len(restarts), np.inf))),
    )
