"""What goes wrong in generated telemetry, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from joulelab.data.entities import Anomaly

LONGEST = 80

# Places of channels: 0 requests, 1 load, 2 power, 3 current, 4 supply, 5 chip, 6 board, 7 fan.


def _spike(part: Any, random: Any) -> tuple[int, ...]:
    channel = int(random.integers(8))
    part[:, channel] += random.choice([-1, 1]) * 3 * _spread(part, channel)
    return (channel,)


def _frozen(part: Any, random: Any) -> tuple[int, ...]:
    """A sensor repeats its last value."""
    channel = int(random.integers(8))
    part[:, channel] = part[0, channel]
    return (channel,)


def _drift(part: Any, random: Any) -> tuple[int, ...]:
    channel = int(random.choice([2, 3, 5, 6]))
    ramp = np.linspace(0, 1, len(part)) * random.choice([-1, 1])
    part[:, channel] += 1.5 * _spread(part, channel) * ramp
    return (channel,)


def _swapped(part: Any, random: Any) -> tuple[int, ...]:
    """Each value is normal, but the two cooling channels run backwards in time."""
    part[:, 5] = part[::-1, 5].copy()
    part[:, 7] = part[::-1, 7].copy()
    return (5, 7)


def _late(part: Any, random: Any) -> tuple[int, ...]:
    """The power supply answers the load too late."""
    shift = int(random.integers(8, 15))
    for channel in (2, 3):
        part[:, channel] = np.concatenate(
            [np.repeat(part[0, channel], shift), part[:-shift, channel]]
        )
    return (2, 3)


def _stolen(part: Any, random: Any) -> tuple[int, ...]:
    """Load, power and current without requests: somebody else computes here."""
    part[:, 0] *= random.uniform(0.3, 0.5)
    return (0,)


def _nervous(part: Any, random: Any) -> tuple[int, ...]:
    """A fan that hunts for its speed."""
    part[:, 7] += 3 * np.sin(2 * np.pi * np.arange(len(part)) / 5 + random.uniform(0, 6))
    return (7,)


Fault = Callable[[Any, Any], tuple[int, ...]]
KINDS: dict[str, tuple[Fault, int, int]] = {  # name: what it does, shortest and longest in steps
    "spike": (_spike, 2, 5),
    "frozen": (_frozen, 25, 60),
    "drift": (_drift, 40, 80),
    "swapped": (_swapped, 30, 60),
    "late": (_late, 25, 60),
    "stolen": (_stolen, 15, 50),
    "nervous": (_nervous, 15, 50),
}


def inflict(values: Any, start: int, random: Any) -> Anomaly:
    """Changes (n, 8) `values` in place from step `start` on, by a fault of random kind."""
    kind = str(random.choice(list(KINDS)))
    fault, shortest, longest = KINDS[kind]
    stop = start + int(random.integers(shortest, longest + 1))
    channels = fault(values[start:stop], random)
    return Anomaly(start, stop, kind, channels)


def _spread(part: Any, channel: int) -> float:
    """A step that each channel takes in normal times."""
    return (8.0, 0.15, 9.0, 0.8, 0.04, 4.0, 1.5, 6.0)[channel]
