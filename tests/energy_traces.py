"""Small traces of known energy, for the tests of what is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from joulelab.meters.energy.integration import channel_energy
from joulelab.records import Channel, Energy, Phase, Trace


def channel(kind: Any = "power", scope: Any = "cpu", name: str = "a", **more: Any) -> Channel:
    settings = {"unit": "J" if kind == "counter" else "W", "provenance": "measured"} | more
    return Channel(name, kind, scope=scope, **settings)


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


def trace(
    channels: dict[str, tuple[Channel, Any, Any]],
    phases: Sequence[tuple[str, float, float]] = (),
) -> Trace:
    """`channels`: id -> (channel, times in s, values); `phases`: (name, start s, stop s)."""
    return Trace(
        {name: each[0] for name, each in channels.items()},
        {
            name: np.rint(np.asarray(each[1]) * 1e9).astype(np.int64)
            for name, each in channels.items()
        },
        {name: np.asarray(each[2], dtype=np.float64) for name, each in channels.items()},
        tuple(Phase(name, ns(start), ns(stop)) for name, start, stop in phases),
    )


def one(what: Channel, times_s: Any, values: Any) -> Trace:
    return trace({"m.a": (what, times_s, values)})


def weighed(what: Channel, times_s: Any, values: Any, start: float, stop: float) -> Energy:
    return channel_energy(one(what, times_s, values), "m.a", [(ns(start), ns(stop))])


RUN = [
    ("idle", 1.0, 3.0),
    ("warmup", 3.0, 4.5),
    ("fit", 5.0, 15.0),
    ("fit/epoch", 5.0, 9.0),
    ("fit/epoch", 10.0, 15.0),
    ("evaluate", 15.5, 18.0),
    ("idle_after", 18.0, 20.0),
]
TIMES = np.round(np.arange(0, 22.05, 0.1), 3)


def load_w(at_s: np.ndarray, rest: float = 20.0, work: float = 100.0) -> np.ndarray:
    return np.where((at_s >= 3) & (at_s < 18), work, rest)


def counted(rest: float, work: float, after: float | None = None) -> np.ndarray:
    after = rest if after is None else after
    before = rest * np.minimum(TIMES, 3)
    return before + work * np.clip(TIMES - 3, 0, 15) + after * np.clip(TIMES - 18, 0, None)


def machine(**changes: Any) -> Trace:
    channels = {
        "rapl.package-0": (
            channel("counter", "cpu", accuracy_relative=0.02),
            TIMES,
            counted(20, 100),
        ),
        "rapl.dram": (channel("counter", "dram", accuracy_absolute_w=0.5), TIMES, counted(2, 6)),
        "estimate.cpu": (
            channel("power", "cpu", provenance="estimated"),
            TIMES,
            load_w(TIMES, 30, 80),
        ),
    }
    return trace({**channels, **changes}, RUN)
