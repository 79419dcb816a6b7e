"""What the runs of a trial are told while they work: how far to go, and when to stop."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from joulelab.observers import Lease
from joulelab.records import StopReason
from joulelab.sweeping import folders
from joulelab.sweeping.trials import Live


def begin(live: Live) -> None:
    """What holds for every run of a trial that is about to start, until it is told itself: a quick
    one would be past its end before anybody has seen it."""
    live.folder.mkdir(parents=True, exist_ok=True)
    Lease.write(live.folder, live.until if 0 < live.until < live.whole else sys.maxsize)


def limit(live: Live, seen: Sequence[folders.Seen], repeats: int, reason: StopReason) -> None:
    """Tells a run that has just begun, one of several repeats and not the last, that it ends there
    for `reason`: nobody can say what becomes of the trial before the others are as far. The last one
    knows its limit (`begin`) and waits for the verdict; told again, it would take that for one."""
    for each in seen:
        if each.folder in live.limited:
            continue
        live.limited.add(each.folder)
        last = seen[-1] is each and len(seen) == repeats
        if each.alive and not last and 0 < live.until < live.whole:
            Lease.write(each.folder, live.until, reason)


def lease(
    live: Live, seen: Sequence[folders.Seen], points: int, reason: StopReason | None = None
) -> None:
    for each in seen:
        if each.alive and (reason is not None or points < live.whole):
            Lease.write(each.folder, points, reason)
        elif each.alive:
            Lease.end(each.folder)


def stop_now(lives: Sequence[Live]) -> None:
    """Asks every run to stop at once; their jobs too, which may be about to begin another."""
    for live in lives:
        own = live.job.process.pid if live.job is not None else None
        asked = {own: signal.SIGINT} if own is not None else {}
        for each in live.seen():
            if each.alive and int(each.record.tags["pid"]) != own:
                asked[int(each.record.tags["pid"])] = signal.SIGTERM
        for process, number in asked.items():
            with suppress(ProcessLookupError):
                os.kill(process, number)
