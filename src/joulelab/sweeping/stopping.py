"""Ctrl-C while a sweep runs: once to finish what runs, twice to stop it now."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

from joulelab.signals import Handlers

INTERRUPTED = "interrupted"
ONCE = "interrupted: what runs is finished first; again stops it now"
TWICE = "stopping what runs; its curves so far count"


class Stopping(Handlers):
    """The first SIGINT sets `why`; a second one, or SIGTERM, calls `now` as well; a third raises
    KeyboardInterrupt."""

    def __init__(self, now: Callable[[], None]) -> None:
        super().__init__()
        self.why: str | None = None
        self._now = now
        self._count = 0

    def handle(self, number: int, frame: FrameType | None) -> None:
        self._count += 2 if number == signal.SIGTERM and self._count == 0 else 1
        self.why = INTERRUPTED
        if self._count > 2:
            raise KeyboardInterrupt
        print(f"joulelab: {TWICE if self._count == 2 else ONCE}", file=sys.stderr)
        if self._count == 2:
            self._now()
