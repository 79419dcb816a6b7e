"""The ears of a run: what a learner tells while it works, and what it is told."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from joulelab.errors import MeterUnavailable
from joulelab.records import CurvePoint, Metrics, StopReason

if TYPE_CHECKING:
    from joulelab.meters.recorder import Recorder
    from joulelab.signals import Interruptions


class Screen(Protocol):
    """Where a run shows itself; every call may come at any time and costs next to nothing."""

    def say(self, sentence: str) -> None: ...
    def phase(self, name: str, duration_s: float | None = None) -> None: ...
    def progress(self, step: int, total: int, metrics: Metrics | None) -> None: ...
    def power(self, power_w: float, energy_j: float) -> None: ...
    def point(self, point: CurvePoint) -> None: ...
    def close(self) -> None: ...


class RunObserver:
    """Joins a learner to recorder, screen and curve file during fit and evaluate."""

    def __init__(
        self, recorder: Recorder, screen: Screen, signals: Interruptions, curve_file: Path
    ) -> None:
        self.curve: list[CurvePoint] = []
        self.fit_start_ns = recorder.mark()
        self._recorder = recorder
        self._screen = screen
        self._signals = signals
        self._curve_file = curve_file
        self._next_power_ns = 0

    def phase(self, name: str) -> AbstractContextManager[None]:
        return self._recorder.phase(name)

    def progress(self, step: int, total: int, metrics: Metrics | None = None) -> None:
        self._screen.progress(step, total, metrics)
        now_ns = time.monotonic_ns()
        if now_ns >= self._next_power_ns:
            self._next_power_ns = now_ns + 500_000_000
            energy_j = self._recorder.energy_since_j(self.fit_start_ns)
            self._screen.power(self._recorder.power_now_w(), energy_j)

    def point(self, step: int, metrics: Metrics) -> None:
        time_ns = self._recorder.mark()
        energy_j = self._recorder.energy_since_j(self.fit_start_ns)
        point = CurvePoint(step, time_ns, energy_j, dict(metrics))
        self.curve.append(point)
        append_point(self._curve_file, point)
        self._screen.point(point)

    def should_stop(self) -> StopReason | None:
        if self._recorder.failed_required is not None:
            raise MeterUnavailable(self._recorder.failed_required)
        return StopReason.INTERRUPTED if self._signals.asked else None


class WarmupObserver:
    """Lets a learner work for `duration_s` and forgets what it says."""

    def __init__(self, duration_s: float, signals: Interruptions) -> None:
        self._end_ns = time.monotonic_ns() + int(duration_s * 1e9)
        self._signals = signals

    def phase(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def progress(self, step: int, total: int, metrics: Metrics | None = None) -> None:
        return

    def point(self, step: int, metrics: Metrics) -> None:
        return

    def should_stop(self) -> StopReason | None:
        if self._signals.asked:
            return StopReason.INTERRUPTED
        return StopReason.WARMED_UP if time.monotonic_ns() >= self._end_ns else None


def append_point(file: Path, point: CurvePoint) -> None:
    line = json.dumps([point.step, point.time_ns, point.energy_j, point.metrics])
    with file.open("a", encoding="utf-8") as out:
        out.write(line + "\n")


def read_curve(file: Path) -> list[CurvePoint]:
    """The points of a curve file; a last line that a kill cut short is left out."""
    if not file.exists():
        return []
    points = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            points.append(CurvePoint(*json.loads(line)))
        except json.JSONDecodeError:
            break
    return points
