"""The ears of a run: what a learner tells while it works, and what it is told."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from joulelab.errors import MeterUnavailable
from joulelab.records import CurvePoint, Metrics, StopReason

if TYPE_CHECKING:
    from joulelab.meters.tracing.recorder import Recorder
    from joulelab.signals import Interruptions


class Screen(Protocol):
    """Where a run shows itself; every call may come at any time and costs next to nothing."""

    def say(self, sentence: str) -> None: ...
    def phase(self, name: str, duration_s: float | None = None) -> None: ...
    def progress(self, step: int, total: int, metrics: Metrics | None) -> None: ...
    def power(self, power_w: float, energy_j: float) -> None: ...
    def point(self, point: CurvePoint) -> None: ...
    def close(self) -> None: ...


class Lease:
    """How far a run may go, in points of its curve: a file beside the curve that whoever started the
    run may write, and write anew, while it runs. Until there is one, the file in the folder that all
    runs of a trial lie in counts, which is there before the first begins. No file, no limit.

    A run that has reached its limit waits `PATIENCE_S` for an answer, once; hearing nothing it goes on,
    since whoever would answer is gone.
    """

    PATIENCE_S = 5.0

    def __init__(self, folder: Path) -> None:
        self._file = folder / "lease.json"
        self._of_trial = folder.parents[1] / "lease.json"  # runs lie in <trial>/<date>/<run>
        self._seen: tuple[Path, int] | None = None
        self._points: float = math.inf
        self._reason: StopReason | None = None
        self._waited = False

    @classmethod
    def write(cls, folder: Path, points: int, reason: StopReason | None = None) -> None:
        """`reason` set: end there, or at the next step where that is past, without asking."""
        lease = cls(folder)
        scratch = lease._file.with_suffix(".tmp")
        scratch.write_text(json.dumps([points, reason]), encoding="utf-8")
        scratch.replace(lease._file)

    @classmethod
    def end(cls, folder: Path) -> None:
        """No limit any more."""
        cls.write(folder, sys.maxsize)

    def stops(self, points: int, interrupted: Callable[[], bool]) -> StopReason | None:
        self._look()
        if points < self._points:
            return None
        if self._reason is None and not self._waited:
            self._waited = True
            end_s = time.monotonic() + self.PATIENCE_S
            while self._waited and time.monotonic() < end_s and not interrupted():
                time.sleep(0.01)
                self._look()
        return self._reason if points >= self._points else None

    def _look(self) -> None:
        for file in (self._file, self._of_trial):
            try:
                seen = file, os.stat(file).st_mtime_ns  # noqa: PTH116  asked at every step
            except FileNotFoundError:
                continue
            if seen != self._seen:
                self._seen, self._waited = seen, False
                self._points, reason = json.loads(file.read_text(encoding="utf-8"))
                self._reason = None if reason is None else StopReason(reason)
            return
        self._points, self._reason, self._waited = math.inf, None, False


class RunObserver:
    """Joins a learner to recorder, screen and curve file during fit and evaluate."""

    def __init__(
        self,
        recorder: Recorder,
        screen: Screen,
        signals: Interruptions,
        curve_file: Path,
        points_before: int = 0,
    ) -> None:
        self.curve: list[CurvePoint] = []
        self.stopped: StopReason | None = None
        self.fit_start_ns = recorder.mark()
        self._recorder = recorder
        self._screen = screen
        self._signals = signals
        self._curve_file = curve_file
        self._lease = Lease(curve_file.parent)
        self._points_before = points_before
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
        if self._signals.asked:
            self.stopped = StopReason.INTERRUPTED
            return self.stopped
        points = self._points_before + len(self.curve)
        reason = self._lease.stops(points, lambda: self._signals.asked)
        self.stopped = reason or self.stopped
        return reason


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
