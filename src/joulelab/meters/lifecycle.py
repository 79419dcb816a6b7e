"""Starting meters, ending them, and collecting what they kept: never waiting for one that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from joulelab.errors import MeterError, MeterUnavailable
from joulelab.meters.sampler import Sampler, Watched
from joulelab.meters.stream import StreamWriter
from joulelab.protocols import BufferedMeter, Meter
from joulelab.records import Instant
from joulelab.units import NS_PER_S

START_TIMEOUT_S = 60.0
COLLECT_TIMEOUT_S = 60.0


def start_all(
    meters: Mapping[str, Meter], required: Mapping[str, bool | None], period_s: float
) -> tuple[list[Watched], dict[str, str]]:
    """The started meters in the order given, and why the others were left out.

    Raises the error of the first meter that is required (True or None) and did not start, after
    stopping those that did.
    """
    errors = _start_remote({name: meter for name, meter in meters.items() if meter.remote})
    for name, meter in meters.items():
        if not meter.remote:
            try:
                meter.start()
            except MeterError as error:
                errors[name] = error
    fatal = next((errors[name] for name in errors if required.get(name) is not False), None)
    started = {name: meter for name, meter in meters.items() if name not in errors}
    if fatal is not None:
        for meter in started.values():
            meter.stop()
        raise fatal
    watched = [Watched(name, meter, _period_ns(meter, period_s)) for name, meter in started.items()]
    return watched, {name: str(error) for name, error in errors.items()}


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


def collect(watched: Watched, start: Instant, stop: Instant, writer: StreamWriter) -> None:
    """Append what a buffered meter kept; nothing for any other meter."""
    meter = watched.meter
    if not isinstance(meter, BufferedMeter):
        return

    def ask() -> None:
        try:
            samples = meter.collect(start, stop)
            writer.collected((at_ns, watched.routes[name][0], v) for at_ns, name, v in samples)
        except Exception as error:  # noqa: BLE001 a meter of any make must not end the run
            watched.failure = f"did not deliver: {error}"

    thread = threading.Thread(target=ask, name=f"joulelab-collect-{watched.name}", daemon=True)
    thread.start()
    thread.join(COLLECT_TIMEOUT_S)
    if thread.is_alive():
        watched.failure = f"did not deliver within {COLLECT_TIMEOUT_S:g} s"


def _start_remote(meters: Mapping[str, Meter]) -> dict[str, MeterError]:
    """Side by side, each on a thread: the slowest decides, and none can hang the run."""
    errors: dict[str, MeterError] = {}

    def start(name: str, meter: Meter) -> None:
        try:
            meter.start()
        except MeterError as error:
            errors[name] = error
        except Exception as error:  # noqa: BLE001 or it would end with the thread, unseen
            errors[name] = MeterUnavailable(str(error), where=f"meter.{name}")

    threads = {
        name: threading.Thread(target=start, args=(name, meter), daemon=True)
        for name, meter in meters.items()
    }
    for thread in threads.values():
        thread.start()
    for name, thread in threads.items():
        thread.join(START_TIMEOUT_S)
        if thread.is_alive():
            errors[name] = MeterUnavailable(
                f"no answer within {START_TIMEOUT_S:g} s",
                where=f"meter.{name}",
                cure=f"check the address, or set meter.{name}.required=false",
            )
    return errors


def _period_ns(meter: Meter, period_s: float) -> int:
    fastest_s = min((channel.update_period_s for channel in meter.channels), default=0.0)
    return round(max(period_s, fastest_s) * NS_PER_S)
