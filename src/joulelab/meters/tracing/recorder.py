"""Keeps a run's meters going and its samples safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from joulelab.meters.tracing.lifecycle import (
    RemoteStart,
    collect_all,
    last_words,
    start_all,
    stop_quietly,
    watch,
)
from joulelab.meters.tracing.live import LiveEnergy
from joulelab.meters.tracing.sampler import SILENCE, Sampler, Watched
from joulelab.meters.tracing.stream import StreamWriter
from joulelab.protocols import Meter
from joulelab.records import Channel, Instant, Provenance

STOP_TIMEOUT_S = 2.0


class Recorder:
    """Reads meters while a run goes; every sample is on disk a second later, in `folder`.

    `required` by meter name: True, must start and must keep answering (`failed_required` says if it
    did not); None, must start; False, left out with a note in `failures` where it does not start.
    """

    def __init__(
        self,
        meters: Mapping[str, Meter],
        folder: Path,
        period_s: float = 0.1,
        required: Mapping[str, bool | None] | None = None,
    ) -> None:
        self.anchor = Instant(0, 0)
        self._meters = dict(meters)
        self._folder = Path(folder)
        self._period_s = period_s
        self._required = dict(required or {})
        self._left_out: dict[str, str] = {}
        self._channels: dict[str, Channel] = {}
        self._live = LiveEnergy({})
        self._phases: list[str] = []
        self._watched: list[Watched] = []
        self._local: Sampler | None = None
        self._samplers: list[Sampler] = []
        self._writer: StreamWriter | None = None
        self._trying: list[RemoteStart] = []
        self._joining = threading.Lock()

    @property
    def channels(self) -> Mapping[str, Channel]:
        """By id, `<meter>.<channel>`; after `start` only a late meter adds to them."""
        return self._channels

    @property
    def failures(self) -> Mapping[str, str]:
        """By meter name: why left out, or what last went wrong; `trace` stands for the disk."""
        later = {w.name: w.trouble for w in self._watched if w.trouble is not None}
        trouble = self._writer.trouble if self._writer is not None else None
        return {**self._left_out, **later, **({} if trouble is None else {"trace": trouble})}

    @property
    def failed_required(self) -> str | None:
        """A required meter that stopped answering, and why."""
        now_ns = time.monotonic_ns()
        for watched in self._watched:
            if self._required.get(watched.name) is True and watched.lost(now_ns):
                return f"{watched.name}: {watched.failure or SILENCE}"
        return None

    @property
    def live_channels(self) -> tuple[str, ...]:
        """The channels that the live figures speak of."""
        return self._live.headline(self._up_to_date_ns())

    @property
    def live_provenance(self) -> Provenance | None:
        return self._live.provenance(self._up_to_date_ns())

    def start(self) -> Instant:
        """Start all meters, remote ones side by side, and take the first reading.

        Raises what a required meter's `start` raised; nothing is left running then.
        """
        with self._joining:
            self._watched, self._left_out, self._trying = start_all(
                self._meters, self._required, self._period_s, self._join_in
            )
            self._channels = {key: c for w in self._watched for key, c in w.channels().items()}
            self.anchor = _now()
            self._writer = StreamWriter(self._folder, self._channels, self.anchor)
            self._live = LiveEnergy(self._channels)
            for watched in self._watched:
                watched.connect(self._writer, self._live)
            self._local = Sampler([w for w in self._watched if not w.meter.remote], self._writer)
            remote = [Sampler([w], self._writer) for w in self._watched if w.meter.remote]
            self._samplers = [self._local, *remote]
            self._local.read()
            self._live.mark(self.anchor.monotonic_ns)
            self._writer.flush()
            self._local.start()
            for sampler in remote:
                sampler.start(at_end=last_words(sampler))
        return self.anchor

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A phase inside the running one; the local meters are read exactly at both edges."""
        self._phases.append("/".join([*self._phases[-1:], name]))
        self._edge("begin")
        try:
            yield
        finally:
            self._edge("end")
            self._phases.pop()

    def mark(self) -> int:
        """Read the local meters now; monotonic ns of that reading, for `energy_since_j`."""
        time_ns = time.monotonic_ns() if self._local is None else self._local.read()
        self._live.mark(time_ns)
        return time_ns

    def energy_since_j(self, since_ns: int) -> float:
        """Joules up to the last reading. `since_ns` is what `mark` returned, or the anchor's; NaN
        for any other time, and where no live meter gives energy."""
        return self._live.since_j(since_ns, self._up_to_date_ns())

    def power_now_w(self) -> float:
        """Over about the last second; NaN where unknown."""
        return self._live.power_w(self._up_to_date_ns())

    def stop(self) -> None:
        """Last reading, stop all meters, collect what buffered ones kept. May be called twice."""
        if self._local is None or self._writer is None:
            return
        for trying in self._trying:
            trying.end()
        with self._joining:
            local, self._local = self._local, None
        for sampler in self._samplers:
            sampler.end()
        local.read()
        stop = _now()
        self._writer.flush()
        self._await_ends()
        for watched in self._watched:
            if not watched.meter.remote:
                stop_quietly(watched)
        answering = [watched for watched in self._watched if not watched.hangs]
        collect_all(answering, self.anchor, stop, self._writer)
        self._declare_again(answering)
        self._keep_drift(stop)
        self._writer.close()

    def _join_in(self, name: str, meter: Meter) -> None:
        """On the thread of a meter that answered late."""
        with self._joining:
            if self._local is None or self._writer is None:
                meter.stop()
                return
            watched = watch(name, meter, self._period_s)
            channels = watched.channels()
            self._writer.add(channels)
            self._live.add(channels)
            self._channels = {**self._channels, **channels}
            watched.connect(self._writer, self._live)
            reason = self._left_out.pop(name)
            after_s = (time.monotonic_ns() - self.anchor.monotonic_ns) / 1e9
            watched.failure = f"joined in {after_s:.1f} s after the start ({reason})"
            self._watched = [*self._watched, watched]
            sampler = Sampler([watched], self._writer)
            self._samplers = [*self._samplers, sampler]
            sampler.start(at_end=last_words(sampler))

    def _up_to_date_ns(self) -> int:
        for sampler in self._samplers:
            sampler.absorb()
        return time.monotonic_ns()

    def _await_ends(self) -> None:
        until_s = time.monotonic() + STOP_TIMEOUT_S
        for sampler in self._samplers:
            if not sampler.join(max(until_s - time.monotonic(), 0.0)):
                for watched in sampler.meters:
                    watched.hangs = True
                    watched.failure = f"did not answer within {STOP_TIMEOUT_S:g} s at the stop"

    def _declare_again(self, watched: Sequence[Watched]) -> None:
        """What a meter learnt of its own clock while it delivered."""
        declared = {key: channel for each in watched for key, channel in each.channels().items()}
        if any(self._channels.get(key) != channel for key, channel in declared.items()):
            assert self._writer is not None
            known = {key: declared[key] for key in declared if key in self._channels}
            self._channels = {**self._channels, **known}
            self._writer.add(known)

    def _edge(self, edge: str) -> None:
        if self._local is None or self._writer is None:
            return
        self._writer.edge(edge, self._phases[-1], self.mark())

    def _keep_drift(self, stop: Instant) -> None:
        """The wall clock may have been set while the run went: then nobody knows when."""
        assert self._writer is not None
        start = self.anchor
        drift_s = (
            abs((stop.wall_ns - start.wall_ns) - (stop.monotonic_ns - start.monotonic_ns)) / 1e9
        )
        if drift_s > 10 * start.u_wall_s + 1e-3:
            self.anchor = start._replace(u_wall_s=drift_s / 3**0.5)
            self._writer.anchor(self.anchor)


def _now() -> Instant:
    """The wall clock between two readings of the monotonic one: the best of three."""
    readings = []
    for _ in range(3):
        before_ns, wall_ns, after_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        middle_ns = (before_ns + after_ns) // 2
        readings.append(Instant(middle_ns, wall_ns, (after_ns - before_ns) / 2e9 / 3**0.5))
    return min(readings, key=lambda instant: instant.u_wall_s)
