"""Small traces with a known answer."""

from __future__ import annotations

import numpy as np

from joulelab.records import Channel, Instant, Phase, Trace

PERIOD_S = 0.1


def counter_trace(watts: float, seconds: float) -> Trace:
    """A counter and a power channel of one meter `rapl`, both at `watts`, 10 Hz."""
    times_ns = np.arange(0, round(seconds * 1e9) + 1, round(PERIOD_S * 1e9), dtype=np.int64) + 7
    channels = {
        "rapl.package-0": Channel("package-0", "counter", "J", "cpu", "measured"),
        "rapl.power": Channel("power", "power", "W", "dram", "measured"),
    }
    joules = watts * (times_ns - 7) / 1e9
    return Trace(
        channels,
        {"rapl.package-0": times_ns, "rapl.power": times_ns},
        {"rapl.package-0": joules, "rapl.power": np.full(len(times_ns), watts)},
        [Phase("fit", 7, int(times_ns[-1]))],
        Instant(7, 1_700_000_000_000_000_000, 1e-6),
    )
