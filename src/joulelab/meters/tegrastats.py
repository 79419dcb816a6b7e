"""Power rails, loads and clocks of NVIDIA Jetson boards, as tegrastats prints them."""

from __future__ import annotations

import bisect
import itertools
import math
import threading
import time
from collections.abc import Sequence

from joulelab.errors import MeterUnavailable
from joulelab.meters import rails
from joulelab.meters.tegrastats_line import Line, auxiliary_channels, parse
from joulelab.meters.tegrastats_source import Log, Program
from joulelab.records import Channel, Instant, Sample
from joulelab.units import NS_PER_S

STALE_INTERVALS = 3
STALE_GRACE_S = 0.5


class Tegrastats:
    """A channel a rail, the board's total where it has one; auxiliary ones of `AUXILIARY`.

    Starts `command` (as a shell splits it) with `--interval`, or follows the file `log` that a
    tegrastats started by somebody else writes every `interval_s`. Each line is stamped when it
    comes. A live reading is the last line's, unless that is too old; `collect` gives the lines
    themselves. A tool that ends is started again once, and what lies between is a gap.

    Accuracy: of an INA3221 on a Jetson's 5 mΩ resistor, see `joulelab.meters.rails`.
    """

    remote = False

    def __init__(
        self,
        command: str = "tegrastats",
        log: str | None = None,
        interval_s: float = 1.0,
        timeout_s: float = 5.0,
        accuracy_absolute_w: float = rails.ACCURACY_ABSOLUTE_W,
        accuracy_relative: float = rails.ACCURACY_RELATIVE,
        resolution_w: float = rails.RESOLUTION_W,
    ) -> None:
        self._command, self._log = command, log
        self._interval_s, self._timeout_s = interval_s, timeout_s
        self._accuracy = (accuracy_absolute_w, accuracy_relative, resolution_w)
        self._source: Program | Log | None = None
        self._thread: threading.Thread | None = None
        self._first = threading.Event()
        self._channels: tuple[Channel, ...] = ()
        self._names: list[str] = []
        self._times_ns: list[int] = []
        self._lines: list[dict[str, float]] = []
        self._last_words = ""

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    @property
    def note(self) -> str:
        source = self._command if self._log is None else self._log
        return f"rails, loads and clocks from {source}, every {self._interval_s:g} s"

    @property
    def trouble(self) -> str | None:
        return None if self._source is None else self._source.trouble or self._longest_gap()

    def probe(self) -> None:
        self._make_source().check()

    def start(self) -> None:
        self.stop()
        source = self._make_source()
        source.check()
        self._source = source
        self._first = threading.Event()
        self._times_ns, self._lines, self._last_words = [], [], ""
        self._thread = threading.Thread(
            target=self._follow, args=(source,), name="joulelab-tegrastats", daemon=True
        )
        self._thread.start()
        self._first.wait(self._timeout_s + self._interval_s)
        if not self._lines:
            self.stop()
            raise self._silence()

    def read(self) -> Sequence[Sample]:
        if self._thread is None:
            return ()
        values = self._lines[-1]
        now_ns = time.monotonic_ns()
        age_s = (now_ns - self._times_ns[-1]) / NS_PER_S
        if age_s > STALE_INTERVALS * self._interval_s + STALE_GRACE_S:
            values = {}
        return [Sample(now_ns, name, values.get(name, math.nan)) for name in self._names]

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if self._source is not None:
            self._source.stop()
        if thread is not None:
            thread.join(self._timeout_s)

    def collect(self, start: Instant, stop: Instant) -> Sequence[Sample]:
        times_ns, lines = self._times_ns, self._lines
        first = max(bisect.bisect_left(times_ns, start.monotonic_ns) - 1, 0)
        last = bisect.bisect_right(times_ns, stop.monotonic_ns) + 1
        return [
            Sample(at_ns, name, values.get(name, math.nan))
            for at_ns, values in zip(times_ns[first:last], lines[first:last], strict=False)
            for name in self._names
        ]

    def _make_source(self) -> Program | Log:
        if self._log is not None:
            return Log(self._log)
        return Program(self._command, self._interval_s)

    def _follow(self, source: Program | Log) -> None:
        """Runs on the thread; a line without values says that a gap begins."""
        for text in source.lines():
            now_ns = time.monotonic_ns()
            line = None if text is None else parse(text)
            if source is not self._source:
                return
            if line is not None and (self._lines or self._declare(line)):
                self._times_ns.append(now_ns)
                self._lines.append(line.rails_w | line.auxiliary)
                self._first.set()
            elif text is not None:
                self._last_words = text.strip() or self._last_words
            elif self._lines:
                self._times_ns.append(now_ns)
                self._lines.append({})
        self._first.set()

    def _declare(self, line: Line) -> bool:
        """Whether the line has a rail that is connected."""
        absolute_w, relative, resolution_w = self._accuracy
        found = rails.declare(
            list(line.rails_w),
            accuracy_absolute_w=absolute_w,
            accuracy_relative=relative,
            resolution=resolution_w,
            update_period_s=self._interval_s,
        )
        if not found:
            return False
        found += auxiliary_channels(line.auxiliary, self._interval_s)
        self._channels = tuple(found)
        self._names = [channel.name for channel in found]
        return True

    def _longest_gap(self) -> str | None:
        times_ns = list(self._times_ns)
        longest_ns = max((b - a for a, b in itertools.pairwise(times_ns)), default=0)
        if longest_ns <= STALE_INTERVALS * self._interval_s * NS_PER_S:
            return None
        return f"{longest_ns / NS_PER_S:.1f} s without a line"

    def _silence(self) -> MeterUnavailable:
        said = f", it said: {self._last_words[:120]}" if self._last_words else ""
        where = "meter.tegrastats.command" if self._log is None else self._log
        return MeterUnavailable(
            f"no line with power rails came within {self._timeout_s:g} s{said}",
            where=where,
            cure="try `sudo tegrastats` in a shell: some boards show rails to root only",
        )
