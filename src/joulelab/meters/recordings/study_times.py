"""times.txt of the performance-tracking study: one UTC stamp a line, written between its steps.

Start, end of the cold period, end of the warm-up, then the end of each repetition.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from joulelab.meters.recordings.part import Part, broken
from joulelab.meters.transport.iso_time import epoch_ns
from joulelab.records import Phase

STEPS = ("idle", "warmup")


def is_it(head: str) -> bool:
    lines = [line for line in head.split("\n")[:3] if line.strip()]
    return bool(lines) and all(_stamp(line) is not None for line in lines)


def read(path: Path, text: str) -> Part:
    """Phases `idle`, `warmup`, and `fit` with `fit/repetition_<n>` inside, from 1 on."""
    stamps: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        stamp = _stamp(line)
        if stamp is None:
            raise broken(f"no UTC time: {line.strip()[:40]!r}", path, number)
        if stamps and stamp < stamps[-1]:
            raise broken("earlier than the line above it", path, number)
        stamps.append(stamp)
    if len(stamps) < len(STEPS) + 2:
        raise broken(
            f"{len(stamps)} times: start, end of cold, end of warm-up and one repetition are needed",
            path,
        )
    edges = list(itertools.pairwise(stamps))
    phases = [Phase(name, *edge) for name, edge in zip(STEPS, edges, strict=False)]
    phases.append(Phase("fit", stamps[len(STEPS)], stamps[-1]))
    repetitions = edges[len(STEPS) :]
    digits = len(str(len(repetitions)))
    phases += [
        Phase(f"fit/repetition_{number:0{digits}d}", *edge)
        for number, edge in enumerate(repetitions, 1)
    ]
    return Part("", "utc", (), tuple(phases))


def _stamp(line: str) -> int | None:
    try:
        return epoch_ns(line)
    except ValueError:
        return None
