"""Ctrl-C and SIGTERM end a run in good order: at the next step, and at once when asked again."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interruptions:
    """While entered, the first SIGINT or SIGTERM sets `asked`; a learner hears of it through its
    Observer. A second one, or one that comes while no learner listens, raises KeyboardInterrupt."""

    HANDLED = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.asked = False
        self.listening = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Interruptions:
        if threading.current_thread() is threading.main_thread():
            for number in self.HANDLED:
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
        self._previous.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, True
        if again or not self.listening:
            raise KeyboardInterrupt
