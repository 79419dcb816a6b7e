"""What befalls an instrument whose record a database keeps, behind a proxy that plays the faults."""

from __future__ import annotations

import threading
import time

from support.loopback import Loopback
from support.worlds.base import World

STEP_S = 30.0


class DatabaseWorld(World):
    """`front` is what the meter asks. The record is fetched after the run: an answer that comes late
    loses nothing, a right that is gone at the end loses everything, and so does a kill, after which
    nobody asks (the record itself stays in the database)."""

    front: Loopback
    period_s = 0.2

    def begin(self) -> None:
        self.set_up()
        self.start_ns = time.monotonic_ns()
        self.start_wall_s = time.time()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self.turn()
        self.front.__enter__()
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self.front.__exit__()
        self.take_down()

    def set_up(self) -> None:
        """Everything up to the start of the load."""

    def take_down(self) -> None:
        """The reverse."""

    def turn(self) -> None:
        """Called every few milliseconds."""
        self.front.status = 503 if self.struck("late start") else None
        self.front.delay_s = 2 * self.period_s if self.struck("slow answer") else 0.0
        self.front.authorization = "Token new" if self.struck("permission lost") else None
        self.front.clock_s = self.step_s(self.seconds())

    def step_s(self, seconds: float) -> float:
        """How far the instrument's clock is ahead."""
        return STEP_S if self.fault == "clock step" and seconds >= self.from_s else 0.0

    def visible(self, start_ns: int, stop_ns: int) -> float:
        if self.fault in ("permission lost", "killed"):
            return 0.0
        return 1.0 if self.fault == "late start" else super().visible(start_ns, stop_ns)

    def _play(self) -> None:
        while not self._ended.wait(0.01):
            self.turn()
