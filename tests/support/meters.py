"""Meters with a known answer and known faults, for tests of what reads them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence

from joulelab.errors import MeterUnavailable
from joulelab.records import Channel, Instant, Sample


class ConstantMeter:
    """A counter at `watts`; from `silent_after_s` on it answers NaN, or raises where `rude`."""

    def __init__(
        self,
        watts: float = 10.0,
        scope: str = "cpu",
        provenance: str = "measured",
        remote: bool = False,
        silent_after_s: float = math.inf,
        rude: bool = False,
    ) -> None:
        self.remote = remote
        self.watts = watts
        self.stopped = False
        self.channels: Sequence[Channel] = (Channel("energy", "counter", "J", scope, provenance),)
        self._silent_after_s = silent_after_s
        self._rude = rude
        self._start_ns = 0

    def start(self) -> None:
        self.stopped = False
        self._start_ns = time.monotonic_ns()

    def read(self) -> Sequence[Sample]:
        now_ns = time.monotonic_ns()
        passed_s = (now_ns - self._start_ns) / 1e9
        if passed_s < self._silent_after_s:
            return [Sample(now_ns, "energy", self.watts * passed_s)]
        if self._rude:
            raise OSError("cable pulled")
        return [Sample(now_ns, "energy", math.nan)]

    def stop(self) -> None:
        self.stopped = True


class BrokenMeter(ConstantMeter):
    """Never starts."""

    def start(self) -> None:
        raise MeterUnavailable("not plugged in", where="meter.broken", cure="plug it in")


class HangingMeter(ConstantMeter):
    """A remote meter whose second reading never returns; `release` lets it go after the test."""

    def __init__(self) -> None:
        super().__init__(remote=True)
        self.release = threading.Event()
        self._readings = 0

    def read(self) -> Sequence[Sample]:
        self._readings += 1
        if self._readings > 1:
            self.release.wait()
        return super().read()


class LoggingMeter(ConstantMeter):
    """Keeps a better record of its own: collects 7 J where it showed another figure live."""

    def collect(self, start: Instant, stop: Instant) -> Sequence[Sample]:
        return [
            Sample(start.monotonic_ns - 1_000_000, "energy", 0.0),
            Sample(stop.monotonic_ns + 1_000_000, "energy", 7.0),
        ]


class LateMeter(ConstantMeter):
    """A meter that answers from its third start on."""

    def __init__(self, watts: float = 10.0, scope: str = "wall", remote: bool = True) -> None:
        super().__init__(watts, scope, remote=remote)
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.starts < 3:
            raise MeterUnavailable("still booting", where="meter.late")
        super().start()
