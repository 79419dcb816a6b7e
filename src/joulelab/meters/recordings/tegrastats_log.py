"""A log of tegrastats, with a date in every line, with the line of `date` on top, or without."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from joulelab.meters import rails
from joulelab.meters.energy.curves import Times
from joulelab.meters.recordings.part import Part, Series, broken, tidy
from joulelab.meters.recordings.stretches import by_count, by_stamps, stretches_of
from joulelab.meters.tegrastats_line import AUXILIARY, Line, auxiliary_channels, recognises


def is_it(head: str) -> bool:
    return any(map(recognises, head.split("\n")))


def read(path: Path, text: str, interval_s: float | None = None) -> Part:
    """DataError where no line has a rail."""
    stretches = stretches_of(text)
    lines = [line for stretch in stretches for line in stretch.lines]
    if not any(lines):
        raise broken(
            "no line shows a power rail", path, cure="record with `sudo tegrastats`, as root"
        )
    stamps = [stamp for stretch in stretches for stamp in stretch.stamps_s]
    dated = sum(stamp is not None for stamp in stamps) > len(stamps) / 2
    timed = by_stamps(stretches) if dated else by_count(stretches, interval_s)
    series = _series(lines, timed.times_ns, timed.pauses_ns, timed.interval_s)
    if not any(each.channel.kind == "power" for each in series):
        raise broken("no rail of its lines is connected", path)
    return Part("tegrastats", timed.clock, series)


def _series(
    lines: Sequence[Line | None], times_ns: Times, pauses_ns: Times, interval_s: float
) -> tuple[Series, ...]:
    whole = [line for line in lines if line is not None]
    names = _usual([list(line.rails_w) for line in whole])
    auxiliary = _usual([list(line.auxiliary) for line in whole])
    auxiliary = [name for name in AUXILIARY if name in auxiliary]
    channels = rails.declare(names, update_period_s=interval_s)
    channels += auxiliary_channels(auxiliary, interval_s)
    readings = [{} if line is None else line.rails_w | line.auxiliary for line in lines]
    times = np.concatenate([times_ns, pauses_ns])
    silence = [math.nan] * len(pauses_ns)
    return tuple(
        Series(
            channel,
            *tidy(times, np.array([*(r.get(channel.name, math.nan) for r in readings), *silence])),
        )
        for channel in channels
    )


def _usual(names: Sequence[Sequence[str]]) -> list[str]:
    """What at least half of the lines have: a garbled line makes no rail."""
    count = Counter(itertools.chain.from_iterable(names))
    return [name for name in count if count[name] * 2 >= len(names)]
