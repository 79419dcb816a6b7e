"""Ctrl-C while a sweep runs: once to finish what runs, twice to stop it now."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

INTERRUPTED = "interrupted"
ONCE = "interrupted: what runs is finished first; again stops it now"
TWICE = "stopping what runs; its curves so far count"


class Stopping:
    """While entered, the first SIGINT sets `why`; a second one, or SIGTERM, calls `now` as well; a
    third raises KeyboardInterrupt."""

    def __init__(self, now: Callable[[], None]) -> None:
        self.why: str | None = None
        self._now = now
        self._count = 0
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._count += 2 if number == signal.SIGTERM and self._count == 0 else 1
        self.why = INTERRUPTED
        if self._count > 2:
            raise KeyboardInterrupt
        print(f"joulelab: {TWICE if self._count == 2 else ONCE}", file=sys.stderr)
        if self._count == 2:
            self._now()
