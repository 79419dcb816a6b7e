"""Ctrl-C and SIGTERM end a run in good order: at the next step, and at once when asked again."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self


class Handlers:
    """While entered on the main thread, SIGINT and SIGTERM reach `handle`; afterwards whoever had them
    before."""

    HANDLED = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._previous: dict[int, object] = {}

    def handle(self, number: int, frame: FrameType | None) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in self.HANDLED:
                self._previous[number] = signal.signal(number, self.handle)
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


class Interruptions(Handlers):
    """The first SIGINT or SIGTERM sets `asked`; a learner hears of it through its Observer. A second
    one, or one that comes while no learner listens, raises KeyboardInterrupt."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = False
        self.listening = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, True
        if again or not self.listening:
            raise KeyboardInterrupt
