"""What a database kept of one channel: pieces put together, cut to the run, a set clock undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from joulelab.meters.energy.curves import SEEN_PERIODS, Floats, Times
from joulelab.records import Channel
from joulelab.units import NS_PER_S


class Record(NamedTuple):
    """(n,) epoch ns of the database's clock and (n,) values in the channel's unit, in any order."""

    times_ns: Times
    values: Floats


NOTHING = Record(np.empty(0, np.int64), np.empty(0))


def joined(records: Sequence[Record]) -> Record:
    """One after the other."""
    if not records:
        return NOTHING
    return Record(
        np.concatenate([record.times_ns for record in records]),
        np.concatenate([record.values for record in records]),
    )


def pages(first_ns: int, last_ns: int, page_s: float) -> list[tuple[int, int]]:
    """[first, last] in pieces of at most `page_s` that touch."""
    step_ns = max(round(page_s * NS_PER_S), 1)
    starts = range(first_ns, max(last_ns, first_ns + 1), step_ns)
    return [(start_ns, min(start_ns + step_ns, last_ns)) for start_ns in starts]


def trimmed(record: Record | None, first_ns: int, last_ns: int) -> Record:
    """In order, one sample a time, and no more than one beyond each end."""
    if record is None:
        return NOTHING
    times_ns, kept = np.unique(record.times_ns, return_index=True)
    first = max(int(np.searchsorted(times_ns, first_ns)) - 1, 0)
    last = int(np.searchsorted(times_ns, last_ns, side="right")) + 1
    return Record(times_ns[first:last], record.values[kept][first:last])


def lack(
    channel: Channel, record: Record, values: Floats, first_ns: int, last_ns: int
) -> str | None:
    """What is missing for an energy."""
    if channel.kind == "auxiliary":
        return None
    if not len(record.times_ns):
        return f"no sample of {channel.name} in the record of this run"
    said = []
    if record.times_ns[0] > first_ns:
        said.append("no sample before the start of the run")
    if record.times_ns[-1] <= last_ns:
        said.append("no sample after the end of the run")
    intervals_s = np.diff(record.times_ns[np.isfinite(record.values)]) / NS_PER_S
    usual_s = float(np.median(intervals_s)) if len(intervals_s) else 0.0
    missing_s = intervals_s[intervals_s > SEEN_PERIODS * max(usual_s, channel.update_period_s)]
    if len(missing_s):
        said.append(f"{missing_s.sum():.1f} s without a sample")
    restarts = int(np.isposinf(values).sum())
    if restarts:
        said.append(f"restarted {restarts} times")
    return f"{channel.name}: {', '.join(said)}" if said else None


def without_step(record: Record, step_s: float, doubt_s: float) -> Record | None:
    """The stamps after a clock was set forward, brought back; None where the step cannot be found.

    It shows as the one interval that is longer than usual by `step_s`, give or take `doubt_s`. A
    clock set back leaves its stamps mixed with those before.
    """
    times_ns, kept = np.unique(record.times_ns, return_index=True)
    intervals_s = np.diff(times_ns) / NS_PER_S
    if step_s <= 0 or len(intervals_s) < 3:
        return None
    usual_s = float(np.median(intervals_s))
    at = np.flatnonzero(np.abs(intervals_s - usual_s - step_s) <= doubt_s + usual_s)
    if len(at) != 1:
        return None
    shift_ns = round((intervals_s[at[0]] - usual_s) * NS_PER_S)
    times_ns[at[0] + 1 :] -= shift_ns
    return Record(times_ns, record.values[kept])
