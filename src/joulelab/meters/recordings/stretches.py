"""When the lines of a tegrastats log were written: by their own dates, or by counting from one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from joulelab.meters.energy.curves import Times
from joulelab.meters.recordings.dates import date_line
from joulelab.meters.recordings.part import Clock
from joulelab.meters.tegrastats_line import Line, parse, stamp_s
from joulelab.units import NS_PER_S

INTERVAL_S = 1.0
"""The tool's own default."""

AGREED = 0.1
"""Two dates tell the interval where it is within this share of the default."""

NOTHING: Times = np.empty(0, np.int64)
QUARTER_NS = 900 * NS_PER_S
_BEGINNING = re.compile(r"\s*(?:\[?\d[\d-]{9}[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?\]? )?RAM\b")


@dataclass
class Stretch:
    """Lines after one date: None is one that was cut off before its rails."""

    start_ns: int | None
    has_zone: bool
    lines: list[Line | None] = field(default_factory=list)
    stamps_s: list[float | None] = field(default_factory=list)


def stretches_of(text: str) -> list[Stretch]:
    found = [Stretch(None, False)]
    for raw in text.split("\n"):
        line = parse(raw)
        begins = _BEGINNING.match(raw) is not None
        now = found[-1]
        if line is None and not begins:
            date = date_line(raw)
            if date is not None:
                found.append(Stretch(*date))
        elif not begins and now.lines and now.lines[-1] is None:
            now.lines[-1] = line  # the second half of a line that was broken in two
        else:
            now.lines.append(line)
            now.stamps_s.append(stamp_s(raw))
    return found if found[0].lines else found[1:]


class Timed(NamedTuple):
    """(n,) times of the lines, (p,) times at which nobody was writing, and the lines' interval."""

    times_ns: Times
    pauses_ns: Times
    clock: Clock
    interval_s: float


def by_stamps(stretches: Sequence[Stretch]) -> Timed:
    """Lines of one second share it evenly; a line whose stamp is lost goes with the one before."""
    stamps = [stamp for stretch in stretches for stamp in stretch.stamps_s]
    last = next(stamp for stamp in stamps if stamp is not None)
    filled = [last := last if stamp is None else stamp for stamp in stamps]
    times_s: list[float] = []
    for second, group in itertools.groupby(filled):
        count = len(list(group))
        times_s += [second + number / count for number in range(count)]
    times_ns = np.round(np.array(times_s) * NS_PER_S).astype(np.int64)
    steps = np.diff(times_ns)
    steps = steps[steps > 0]
    interval_s = float(np.median(steps)) / NS_PER_S if len(steps) else INTERVAL_S
    start_ns = stretches[0].start_ns
    if start_ns is None or not stretches[0].has_zone:
        return Timed(times_ns, NOTHING, "local", interval_s)
    # The date on top tells the zone of the stamps.
    ahead_ns = QUARTER_NS * round((int(times_ns[0]) - start_ns) / QUARTER_NS)
    return Timed(times_ns - ahead_ns, NOTHING, "utc", interval_s)


def by_count(stretches: Sequence[Stretch], interval_s: float | None) -> Timed:
    """Each line one interval after the one before, from the date above it on."""
    pieces, pauses, at_ns = [], [], 0
    nominal_ns = step_ns = round((interval_s or INTERVAL_S) * NS_PER_S)
    for stretch, following in itertools.zip_longest(stretches, stretches[1:]):
        start_ns = at_ns if stretch.start_ns is None else stretch.start_ns
        next_ns = None if following is None else following.start_ns
        count = len(stretch.lines)
        if interval_s is None and stretch.start_ns is not None and next_ns is not None and count:
            told_ns = round((next_ns - stretch.start_ns) / count)
            step_ns = told_ns if abs(told_ns / nominal_ns - 1) < AGREED else step_ns
        pieces.append(start_ns + step_ns * np.arange(count, dtype=np.int64))
        at_ns = start_ns + step_ns * count
        if next_ns is not None and following.lines and next_ns - at_ns > nominal_ns:
            pauses.append(at_ns)
    return Timed(
        np.concatenate(pieces), np.array(pauses, np.int64), _clock(stretches), step_ns / NS_PER_S
    )


def _clock(stretches: Sequence[Stretch]) -> Clock:
    told = [stretch for stretch in stretches if stretch.lines]
    if any(stretch.start_ns is None for stretch in told):
        return "none"
    return "utc" if all(stretch.has_zone for stretch in told) else "local"
