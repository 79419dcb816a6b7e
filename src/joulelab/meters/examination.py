"""Whether a meter would work here: for `meter=auto` and for `joulelab doctor`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from joulelab.errors import JoulelabError
from joulelab.protocols import Meter

TIME_BOX_S = 1.2


@dataclass(frozen=True, slots=True)
class MeterStatus:
    """One line of `joulelab doctor`. `measured`: an instrument would answer, not a model."""

    name: str
    ready: bool
    why: str
    cure: str = ""
    measured: bool = False
    channels: tuple[str, ...] = ()


def examine(name: str, make: Callable[[], Meter]) -> MeterStatus:
    """Builds the meter and asks it once: by its `probe` where it has one, else by start and stop."""
    try:
        meter = make()
        probe: Callable[[], None] | None = getattr(meter, "probe", None)
        if probe is not None:
            probe()
            return MeterStatus(name, True, _note(meter) or "looks ready, asked without starting it")
        try:
            meter.start()
            channels = tuple(meter.channels)
        finally:
            meter.stop()
    except JoulelabError as error:
        why = error.what if error.where is None else f"{error.where}: {error.what}"
        return MeterStatus(name, False, why, error.cure or "")
    except Exception as error:  # noqa: BLE001 one broken meter must not hide the others
        return MeterStatus(name, False, f"{type(error).__name__}: {error}")
    names = tuple(channel.name for channel in channels)
    measured = any(c.provenance == "measured" and c.kind != "auxiliary" for c in channels)
    return MeterStatus(name, True, _note(meter) or ", ".join(names), "", measured, names)


def examine_all(
    makers: Mapping[str, Callable[[], Meter]], time_box_s: float = TIME_BOX_S
) -> list[MeterStatus]:
    """All side by side, in the order given; who has not answered in time is not ready."""
    found: dict[str, MeterStatus] = {}

    def work(name: str, make: Callable[[], Meter]) -> None:
        found[name] = examine(name, make)

    threads = {
        name: threading.Thread(target=work, args=(name, make), daemon=True)
        for name, make in makers.items()
    }
    for thread in threads.values():
        thread.start()
    until_s = time.monotonic() + time_box_s
    for thread in threads.values():
        thread.join(max(until_s - time.monotonic(), 0.0))
    return [
        found.get(name)
        or MeterStatus(name, False, f"no answer within {time_box_s:g} s", "check the address")
        for name in makers
    ]


def _note(meter: Meter) -> str:
    note: str = getattr(meter, "note", "")
    return note
