"""Who works on a study, and who of them is dead."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SILENCE_S = 120.0
"""A worker of another machine that has not been heard of for so long counts as dead."""
BEAT_S = 20.0


def this_worker() -> dict[str, Any]:
    """A new row: a name of its own, and what tells this process from one that gets its number
    later, after a reboot, or in another container."""
    return {
        "id": uuid.uuid4().hex,
        "host": socket.gethostname(),
        "place": place(),
        "pid": os.getpid(),
        "started": start_of(os.getpid()),
        "beat": time.time(),
    }


def lives(row: Mapping[str, Any] | None, silence_s: float = SILENCE_S) -> bool:
    """At once for a process of this machine, after `silence_s` (wall clocks) for another's; one
    that has said goodbye (`beat` None) or that nobody knows is gone."""
    if row is None or row["beat"] is None:
        return False
    if row["place"] == place():
        return bool(row["started"] == start_of(row["pid"]))
    return bool(time.time() - row["beat"] <= silence_s)


def place() -> str:
    """Machine since its last boot, and the process numbers that are valid there."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 it is no path
    except OSError:
        return f"{socket.gethostname()}/{uuid.getnode()}"


def start_of(pid: int) -> str | None:
    """None for a process that has ended, even where nobody has collected it yet. One whose first thread
    has ended before the others still holds its files and their locks."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    ended = fields[0] in "ZX" and int(fields[17]) <= 1
    return None if ended else fields[19]
