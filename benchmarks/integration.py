"""Time to settle an hour at 10 Hz, 5 channels, 500 phases, beside a naive loop over phases.

The loop masks the samples of each phase and calls `numpy.trapezoid`: no uncertainty, no coverage,
no gap rule, no sample shared between phases. Both run in this process, by turns; the ratio of their
best times is what a change must not worsen.

    python benchmarks/integration.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from joulelab.meters.energy.ledger import metrics, settle
from joulelab.records import Channel, Phase, Trace

CHANNELS = (
    ("counter", "cpu", "measured"),
    ("counter", "dram", "measured"),
    ("power", "gpu", "measured"),
    ("power", "wall", "measured"),
    ("power", "cpu", "estimated"),
)
HOUR_S, RATE_HZ, PHASES, REPEATS = 3600, 10, 500, 5


def hour(distinct: bool) -> Trace:
    """`distinct`: 500 phases of 500 names, else 497 visits of one."""
    rng = np.random.default_rng(0)
    times = np.arange(HOUR_S * RATE_HZ, dtype=np.int64) * (10**9 // RATE_HZ)
    channels, values = {}, {}
    for index, (kind, scope, provenance) in enumerate(CHANNELS):
        watts = 50 + 30 * rng.random(len(times))
        channel_id = f"meter{index}.a"
        unit = "J" if kind == "counter" else "W"
        channels[channel_id] = Channel("a", kind, unit, scope, provenance, update_period_s=0.05)
        values[channel_id] = np.cumsum(watts / RATE_HZ) if kind == "counter" else watts
    edges = np.linspace(60, 3500, PHASES - 2) * 1e9
    inner = [
        Phase(f"fit/epoch{index}" if distinct else "fit/epoch", int(start), int(stop))
        for index, (start, stop) in enumerate(pairwise(edges))
    ]
    outer = [
        Phase("idle", 0, 60 * 10**9),
        Phase("fit", 60 * 10**9, 3500 * 10**9),
        Phase("evaluate", 3500 * 10**9, 3590 * 10**9),
    ]
    return Trace(channels, dict.fromkeys(channels, times), values, outer + inner)


def naive(trace: Trace) -> dict[str, float]:
    energies: dict[str, float] = {}
    for phase in trace.phases:
        for channel_id, channel in trace.channels.items():
            times = trace.times_ns[channel_id]
            inside = (times >= phase.start_ns) & (times <= phase.stop_ns)
            seconds, values = times[inside] / 1e9, trace.values[channel_id][inside]
            if channel.kind == "counter":
                joules = values[-1] - values[0]
            else:
                joules = np.trapezoid(values, seconds)
            key = f"{phase.name}/{channel_id}"
            energies[key] = energies.get(key, 0.0) + float(joules)
    return energies


def seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    for distinct in (False, True):
        trace = hour(distinct)
        ledger = settle(trace)
        works = {
            "settle": partial(settle, trace),
            "metrics": partial(metrics, trace, ledger),
            "naive": partial(naive, trace),
        }
        best = dict.fromkeys(works, np.inf)
        for _ in range(REPEATS):
            for name, work in works.items():
                best[name] = min(best[name], seconds_of(work))
        names = len({phase.name for phase in trace.phases})
        figures = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in best.items())
        ratio = best["settle"] / best["naive"]
        print(f"{names} phase names: {figures}; settle / naive {ratio:.2f}")


if __name__ == "__main__":
    main()
