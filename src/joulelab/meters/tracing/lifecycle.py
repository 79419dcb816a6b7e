"""Starting meters, ending them, and collecting what they kept: never waiting for one that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from joulelab.errors import MeterError, MeterUnavailable
from joulelab.meters.tracing.sampler import Sampler, Watched
from joulelab.meters.tracing.stream import StreamWriter
from joulelab.protocols import BufferedMeter, Meter
from joulelab.records import Instant
from joulelab.units import NS_PER_S

START_TIMEOUT_S = 60.0
OPTIONAL_TIMEOUT_S = 10.0
RETRY_S = 2.0
COLLECT_TIMEOUT_S = 60.0


class RemoteStart:
    """A meter's start on a thread of its own; with `again` it tries until `end`.

    The first outcome is waited for by `first`; a start that succeeds after that is handed to
    `join_in`. `refusal` is the outcome of a start that was tried before.
    """

    def __init__(
        self, name: str, meter: Meter, again: bool, refusal: MeterError | None = None
    ) -> None:
        self.name = name
        self.meter = meter
        self._again = again
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._ended = threading.Event()
        self._error = refusal
        if refusal is not None:
            self._answered.set()
        self._join_in: Callable[[str, Meter], None] | None = None
        thread = threading.Thread(target=self._run, name=f"joulelab-start-{name}", daemon=True)
        thread.start()

    def first(self, until_s: float, join_in: Callable[[str, Meter], None]) -> MeterError | None:
        """Why it has not started by then, on the monotonic clock; None where it has."""
        self._answered.wait(max(until_s - time.monotonic(), 0.0))
        with self._lock:
            if self._answered.is_set() and self._error is None:
                return None
            self._join_in = join_in
            return self._error or MeterUnavailable(
                "no answer in time",
                where=f"meter.{self.name}",
                cure=f"check the address, or set meter.{self.name}.required=false",
            )

    def end(self) -> None:
        """No more trying; a meter that starts after all is stopped again."""
        with self._lock:
            self._ended.set()
            self._join_in = None

    def _run(self) -> None:
        if self._error is not None:
            self._ended.wait(RETRY_S)
        while not self._ended.is_set():
            try:
                self.meter.start()
                error = None
            except MeterError as refusal:
                error = refusal
            except Exception as fault:  # noqa: BLE001 or it would end with the thread, unseen
                error = MeterUnavailable(str(fault), where=f"meter.{self.name}")
            with self._lock:
                self._error = error
                self._answered.set()
                join_in, ended = self._join_in, self._ended.is_set()
            if error is None:
                if join_in is not None:
                    join_in(self.name, self.meter)
                elif ended:
                    self.meter.stop()
                return
            if not self._again or self._ended.wait(RETRY_S):
                return


def start_all(
    meters: Mapping[str, Meter],
    required: Mapping[str, bool | None],
    period_s: float,
    join_in: Callable[[str, Meter], None],
) -> tuple[list[Watched], dict[str, str], list[RemoteStart]]:
    """The started meters in the order given, why the others were left out, and those that are still
    being tried: `join_in` is called when one of them answers later.

    Raises the error of the first meter that is required (True or None) and did not start, after
    stopping those that did.
    """
    remote = [
        RemoteStart(name, meter, required.get(name) is False)
        for name, meter in meters.items()
        if meter.remote
    ]
    errors: dict[str, MeterError] = {}
    refused: list[RemoteStart] = []
    for name, meter in meters.items():
        if not meter.remote:
            try:
                meter.start()
            except MeterError as error:
                errors[name] = error
                if required.get(name) is False:
                    refused.append(RemoteStart(name, meter, True, error))
                    refused[-1].first(0.0, join_in)
    now_s = time.monotonic()
    for each in remote:
        optional = required.get(each.name) is False
        until_s = now_s + (OPTIONAL_TIMEOUT_S if optional else START_TIMEOUT_S)
        refusal = each.first(until_s, join_in)
        if refusal is not None:
            errors[each.name] = refusal
    fatal = next((errors[name] for name in errors if required.get(name) is not False), None)
    started = {name: meter for name, meter in meters.items() if name not in errors}
    trying = [*refused, *(each for each in remote if each.name in errors)]
    if fatal is not None:
        for each in trying:
            each.end()
        for meter in started.values():
            meter.stop()
        raise fatal
    watched = [watch(name, meter, period_s) for name, meter in started.items()]
    return watched, {name: str(error) for name, error in errors.items()}, trying


def watch(name: str, meter: Meter, period_s: float) -> Watched:
    fastest_s = min((channel.update_period_s for channel in meter.channels), default=0.0)
    return Watched(name, meter, round(max(period_s, fastest_s) * NS_PER_S))


def last_words(sampler: Sampler) -> Callable[[], None]:
    """What a remote meter's own thread does at the end: a last reading, then stop."""

    def read_and_stop() -> None:
        sampler.read()
        for watched in sampler.meters:
            stop_quietly(watched)

    return read_and_stop


def stop_quietly(watched: Watched) -> None:
    try:
        watched.meter.stop()
    except Exception as error:  # noqa: BLE001 a meter of any make must not end the run
        watched.failure = f"did not stop: {error}"


def collect_all(
    watched: Sequence[Watched], start: Instant, stop: Instant, writer: StreamWriter
) -> None:
    """Append what the buffered meters among these kept, all asked at the same time."""
    asked = [
        (each, _ask(each, each.meter, start, stop, writer))
        for each in watched
        if isinstance(each.meter, BufferedMeter)
    ]
    until_s = time.monotonic() + COLLECT_TIMEOUT_S
    for each, thread in asked:
        thread.join(max(until_s - time.monotonic(), 0.0))
        if thread.is_alive():
            each.failure = f"did not deliver within {COLLECT_TIMEOUT_S:g} s"


def _ask(
    watched: Watched, meter: BufferedMeter, start: Instant, stop: Instant, writer: StreamWriter
) -> threading.Thread:
    def ask() -> None:
        try:
            samples = meter.collect(start, stop)
            writer.collected((at_ns, watched.routes[name][0], v) for at_ns, name, v in samples)
        except Exception as error:  # noqa: BLE001 a meter of any make must not end the run
            watched.failure = f"did not deliver: {error}"

    thread = threading.Thread(target=ask, name=f"joulelab-collect-{watched.name}", daemon=True)
    thread.start()
    return thread
