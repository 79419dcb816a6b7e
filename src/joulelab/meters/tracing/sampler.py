"""Reading meters in time: one sampler for all local meters, one for each remote one."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from joulelab.meters.tracing.live import LiveChannel, LiveEnergy
from joulelab.meters.tracing.stream import RECORD, StreamWriter
from joulelab.protocols import Meter
from joulelab.records import Channel, Sample
from joulelab.units import NS_PER_S

FLUSH_NS = NS_PER_S
SILENCE = "gave no answer for a while"
GRACE_NS = 2 * NS_PER_S


@dataclass
class Watched:
    """A started meter and what became of it; `routes`: stream index and state by channel name."""

    name: str
    meter: Meter
    period_ns: int
    routes: Mapping[str, tuple[int, LiveChannel | None]] = field(default_factory=dict)
    due_ns: int = 0
    heard_ns: int = 0
    failure: str | None = None
    hangs: bool = False

    @property
    def trouble(self) -> str | None:
        """What last went wrong here, or what the meter itself has to say."""
        own: str | None = getattr(self.meter, "trouble", None)
        return own or self.failure if self.failure == SILENCE else self.failure or own

    def channels(self) -> dict[str, Channel]:
        return {f"{self.name}.{channel.name}": channel for channel in self.meter.channels}

    def connect(self, writer: StreamWriter, live: LiveEnergy) -> None:
        ids = {channel.name: f"{self.name}.{channel.name}" for channel in self.meter.channels}
        self.routes = {
            name: (writer.index[channel_id], live.state(channel_id))
            for name, channel_id in ids.items()
        }
        self.heard_ns = time.monotonic_ns()

    def lost(self, now_ns: int) -> bool:
        """Silent for longer than a few failed readings, though it speaks while the run goes."""
        live: bool = getattr(self.meter, "live", True)
        return live and now_ns - self.heard_ns > GRACE_NS + 3 * self.period_ns

    def read(self) -> Sequence[Sample]:
        """What the meter says; where it raises, no answer on any channel."""
        try:
            return self.meter.read()
        except Exception as error:  # noqa: BLE001 a meter of any make must not end the run
            self.failure = str(error) or type(error).__name__
            now_ns = time.monotonic_ns()
            return [Sample(now_ns, name, math.nan) for name in self.routes]

    def take(self, samples: Sequence[Sample]) -> bytes:
        """Follow the samples and pack them."""
        records = b""
        silent = False
        for time_ns, name, value in samples:
            index, state = self.routes[name]
            records += RECORD.pack(time_ns, index, value)
            if state is not None:
                state.add(time_ns, value)
                silent = silent or math.isnan(value)
        if silent:
            self.failure = self.failure or SILENCE
        elif samples:
            self.heard_ns = samples[-1].time_ns
        return records


class Sampler:
    """Reads its meters when they are due, on a thread of its own and whenever `read` is called.

    A reading wakes a thread whose code the caches have long forgotten: so it only keeps the
    samples, and `absorb` works them off together, once a second and when somebody asks.
    """

    def __init__(self, meters: list[Watched], writer: StreamWriter) -> None:
        self.meters = meters
        self._writer = writer
        self._lock = threading.Lock()
        self._kept: deque[tuple[Watched, Sequence[Sample]]] = deque()
        self._absorbing = threading.Lock()
        # A held lock waits for half of what an Event's wait costs.
        self._ended = threading.Lock()
        self._ended.acquire()
        self._flushed_ns = time.monotonic_ns()
        self._at_end: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="joulelab-sampler", daemon=True)

    def start(self, at_end: Callable[[], None] | None = None) -> None:
        """`at_end` runs on the sampler's thread after its last reading."""
        self._at_end = at_end
        now_ns = time.monotonic_ns()
        for watched in self.meters:
            watched.due_ns = now_ns if watched.meter.remote else now_ns + watched.period_ns
        if self.meters:
            self._thread.start()

    def end(self) -> None:
        if self._ended.locked():
            self._ended.release()

    def join(self, timeout_s: float) -> bool:
        if self.meters:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def read(self) -> int:
        """Read all meters now; the time of the first answer, or of the call where none came."""
        first_ns = 0
        with self._lock:
            asked_ns = time.monotonic_ns()
            for watched in self.meters:
                samples = watched.read()
                self._kept.append((watched, samples))
                if not first_ns and samples and samples[0].time_ns >= asked_ns:
                    first_ns = samples[0].time_ns
        self.absorb()
        return first_ns or asked_ns

    def absorb(self) -> None:
        """Bring live figures and stream up to the last reading."""
        # Not under the meters' lock: one that hangs would hold up whoever asks.
        with self._absorbing:
            while self._kept:
                watched, samples = self._kept.popleft()
                self._writer.write(watched.take(samples))

    def _run(self) -> None:
        while True:
            next_ns = min(watched.due_ns for watched in self.meters)
            wait_s = (next_ns - time.monotonic_ns()) / NS_PER_S
            if self._ended.acquire(timeout=max(wait_s, 0.0)):
                break
            self._read_due()
        if self._at_end is not None:
            self._at_end()

    def _read_due(self) -> None:
        with self._lock:
            now_ns = time.monotonic_ns()
            for watched in self.meters:
                if watched.due_ns <= now_ns:
                    self._kept.append((watched, watched.read()))
                    late = (now_ns - watched.due_ns) // watched.period_ns
                    watched.due_ns += watched.period_ns * (1 + late)
        if now_ns - self._flushed_ns >= FLUSH_NS:
            self._flushed_ns = now_ns
            self.absorb()
            self._writer.flush()
