"""A recording, played again as if it happened now."""

from __future__ import annotations

import bisect
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from joulelab.errors import ConfigError, DataError, MeterUnavailable
from joulelab.meters.energy.scopes import meter_of
from joulelab.records import Channel, Instant, Sample, Trace
from joulelab.units import NS_PER_S

NAME = "replay"


def replay(
    path: str | Path,
    loop: bool = False,
    meter: str | None = None,
    interval_s: float | None = None,
    utc_offset_h: float | None = None,
) -> Mapping[str, Replay]:
    """Every instrument of a recording, as meters: `replay`, or `replay_<instrument>` where there are
    several. These begin together, at the first moment that all of them saw, and end with the last.

    `meter` chooses one; the other options are those of `recordings.load`. DataError, ConfigError.
    """
    from joulelab.meters import recordings

    recorded = recordings.load(path, interval_s, utc_offset_h)
    names = instruments(recorded)
    if meter is not None or len(names) < 2:
        return {NAME: Replay(path, loop, meter, recorded)}
    span = recordings.common_span(recorded)
    return {f"{NAME}_{name}": Replay(path, loop, name, recorded, span) for name in names}


def instruments(recorded: Trace) -> list[str]:
    return list(dict.fromkeys(map(meter_of, recorded.channels)))


class Replay:
    """Plays one instrument of a recording: its first sample, or that of `span_ns`, is at `start`.

    A live reading gives what the recording shows at that moment (power: the last recorded value;
    counter: interpolated); `collect` then delivers the recorded samples with their own stamps. A
    recording that is shorter than the run leaves a gap, unless it is to `loop`. `meter` chooses
    where the recording holds several instruments, which may see the same joules.
    """

    remote = False

    def __init__(
        self,
        path: str | Path,
        loop: bool = False,
        meter: str | None = None,
        recorded: Trace | None = None,
        span_ns: tuple[int, int] | None = None,
    ) -> None:
        self._path = Path(path)
        self._loop = loop
        self._meter = meter
        self._recorded = recorded
        self._span_ns = span_ns
        self._tracks: list[Track] = []
        self._start_ns: int | None = None
        self._stop_ns: int | None = None

    @property
    def channels(self) -> Sequence[Channel]:
        return tuple(track.channel for track in self._tracks)

    @property
    def note(self) -> str:
        return f"plays {self._meter or 'what was recorded'} from {self._path}"

    def start(self) -> None:
        recorded = self._load()
        meter = self._chosen(recorded)
        own = [name for name in recorded.channels if meter_of(name) == meter]
        own = [name for name in own if len(recorded.times_ns[name])]
        if not own:
            raise MeterUnavailable(
                "the recording holds no samples", where=str(self._path), cure="name another one"
            )
        first_ns, last_ns = self._span_ns or (
            min(int(recorded.times_ns[name][0]) for name in own),
            max(int(recorded.times_ns[name][-1]) for name in own),
        )
        self._tracks = []
        for name in own:
            channel, times_ns = recorded.channels[name], recorded.times_ns[name]
            # One usual interval after the last sample the first comes again; a second after it
            # where several instruments must do so together.
            pause_ns = _interval_ns(times_ns) if self._span_ns is None else NS_PER_S
            period_ns = last_ns - first_ns + pause_ns if self._loop else None
            track = Track(channel, times_ns - first_ns, recorded.values[name], period_ns)
            if self._span_ns is not None:
                track.cut(last_ns - first_ns)
            self._tracks.append(track)
        self._start_ns, self._stop_ns = time.monotonic_ns(), None

    def read(self) -> Sequence[Sample]:
        if self._start_ns is None or self._stop_ns is not None:
            return ()
        now_ns = time.monotonic_ns()
        at_ns = now_ns - self._start_ns
        return [Sample(now_ns, track.channel.name, track.at(at_ns)) for track in self._tracks]

    def stop(self) -> None:
        self._stop_ns = time.monotonic_ns()

    def collect(self, start: Instant, stop: Instant) -> Sequence[Sample]:
        zero_ns = self._start_ns
        if zero_ns is None:
            return ()
        return [
            Sample(zero_ns + at_ns, track.channel.name, value)
            for track in self._tracks
            for at_ns, value in track.between(
                start.monotonic_ns - zero_ns, stop.monotonic_ns - zero_ns
            )
        ]

    def _load(self) -> Trace:
        if self._recorded is not None:
            return self._recorded
        from joulelab.meters import recordings

        try:
            return recordings.load(self._path)
        except DataError as error:
            raise MeterUnavailable(error.what, where=error.where, cure=error.cure) from error

    def _chosen(self, recorded: Trace) -> str:
        meters = instruments(recorded)
        if self._meter is None and len(meters) == 1:
            return meters[0]
        if self._meter not in meters:
            problem = "several meters" if self._meter is None else f"no meter {self._meter}"
            raise ConfigError(
                f"{self._path} holds {problem}",
                where="meter.replay.meter",
                cure=f"choose one of {', '.join(meters) or 'another recording'}",
            )
        return self._meter


class Track:
    """One recorded channel from its recording's first sample on; counters start at 0 J.

    `period_ns` is when it begins again, None for never.
    """

    def __init__(self, channel: Channel, times_ns: Any, values: Any, period_ns: int | None) -> None:
        self.channel = channel
        self._times_ns: list[int] = times_ns.tolist()
        self._values: list[float] = values.tolist()
        self._period_ns = period_ns
        self._gain = 0.0
        if channel.kind == "counter":
            finite = [value for value in self._values if math.isfinite(value)]
            base = finite[0] if finite else 0.0
            self._values = [value - base for value in self._values]
            self._gain = finite[-1] - base if finite else 0.0

    def at(self, at_ns: int) -> float:
        """NaN before the first sample, after the last, and within a recorded gap."""
        turn, at_ns = divmod(at_ns, self._period_ns) if self._period_ns else (0, at_ns)
        after = bisect.bisect_right(self._times_ns, at_ns)
        if after == 0 or (after == len(self._times_ns) and at_ns > self._times_ns[-1]):
            return math.nan
        value = self._values[after - 1]
        if self.channel.kind != "counter":
            return value
        if after < len(self._times_ns):
            before_ns, after_ns = self._times_ns[after - 1 : after + 1]
            share = (at_ns - before_ns) / (after_ns - before_ns)
            value += share * (self._values[after] - value)
        return value + turn * self._gain if math.isfinite(value) else math.nan

    def cut(self, stop_ns: int) -> None:
        """Forget what lies before 0 and after `stop_ns`."""
        samples = self.between(0, stop_ns)
        if self.channel.kind != "counter":
            first, last = [(0, self.at(0))], [(stop_ns, self.at(stop_ns))]
            samples = first + [each for each in samples if 0 < each[0] < stop_ns] + last
        self._times_ns = [at_ns for at_ns, _ in samples]
        self._values = [value for _, value in samples]

    def between(self, start_ns: int, stop_ns: int) -> list[tuple[int, float]]:
        """Samples of [start, stop], and one beyond each end where there is one; a counter's values
        at both ends instead, as its samples may lie far beyond."""
        period_ns = self._period_ns
        turns = range(max(stop_ns, 0) // period_ns + 2) if period_ns else range(1)
        samples = [
            (at_ns + turn * (period_ns or 0), value + turn * self._gain)
            for turn in turns
            for at_ns, value in zip(self._times_ns, self._values, strict=True)
        ]
        times_ns = [at_ns for at_ns, _ in samples]
        first, last = bisect.bisect_left(times_ns, start_ns), bisect.bisect_right(times_ns, stop_ns)
        if self.channel.kind != "counter":
            return samples[max(first - 1, 0) : last + 1]
        edges = {at_ns: self.at(at_ns) for at_ns in (start_ns, stop_ns)}
        known = {at_ns: value for at_ns, value in edges.items() if math.isfinite(value)}
        return sorted((known | dict(samples[first:last])).items())


def _interval_ns(times_ns: Any) -> int:
    gaps = sorted((times_ns[1:] - times_ns[:-1]).tolist())
    return int(gaps[len(gaps) // 2]) if gaps else 1_000_000_000
