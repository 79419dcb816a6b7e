"""Another clock brought to this host's by the exchanges in which both are read."""

from __future__ import annotations

import math

import numpy as np

from joulelab.meters.energy.curves import Floats, Times
from joulelab.meters.transport.http import Reply

WINDOW_MS = 10_000.0
DRIFT = 50e-6
"""A quartz is right to this, as a rule: what an exchange tells of the clock fades with it."""


class PlugClock:
    """A plug's milliseconds on this host's monotonic clock.

    The plug read its clock between question and answer: half of the time between them is the
    bound of each exchange, and grows by DRIFT with the distance from it. Of every ten seconds the
    quickest is kept; those count that know more at their moment than any other does, and between
    them the offset is linear.
    """

    def __init__(self) -> None:
        self._quickest: dict[int, tuple[float, float, float]] = {}

    def add(self, plug_ms: float, reply: Reply) -> None:
        bound_ns = (reply.answered_ns - reply.asked_ns) / 2
        window = int(plug_ms // WINDOW_MS)
        known = self._quickest.get(window)
        if known is None or bound_ns < known[0]:
            self._quickest[window] = (bound_ns, plug_ms, reply.middle_ns - plug_ms * 1e6)

    @property
    def u_s(self) -> float:
        """Standard uncertainty of a stamp near the quickest exchange; rectangular (JCGM 100, 4.3.7)."""
        bound_s = min(bound_ns for bound_ns, _, _ in self._quickest.values()) / 1e9
        return (bound_s + DRIFT * WINDOW_MS / 1e3) / math.sqrt(3)

    def monotonic_ns(self, plug_ms: Floats) -> Times:
        """(n,) plug's milliseconds -> (n,) ns."""
        exchanges = np.array([self._quickest[window] for window in sorted(self._quickest)])
        bounds, at_ms, offsets_ns = exchanges.T
        best = np.minimum(_known_ns(bounds, at_ms), _known_ns(bounds[::-1], -at_ms[::-1])[::-1])
        counts = bounds <= best
        offset_ns = np.interp(plug_ms, at_ms[counts], offsets_ns[counts])
        result: Times = np.round(plug_ms * 1e6 + offset_ns).astype(np.int64)
        return result


def _known_ns(bounds_ns: Floats, at_ms: Floats) -> Floats:
    """(k,) least bound at each exchange that it or an earlier one gives."""
    fading_ns = DRIFT * at_ms * 1e6
    result: Floats = np.minimum.accumulate(bounds_ns - fading_ns) + fading_ns
    # A rounding must not let an exchange lose against itself.
    return np.where(result > bounds_ns * (1 - 1e-9), bounds_ns, result)
