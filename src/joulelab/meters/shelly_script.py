"""A script on the plug that keeps what was measured while nobody asked."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from joulelab.errors import MeterUnavailable
from joulelab.meters.plug import Reading
from joulelab.meters.plug_clock import PlugClock
from joulelab.meters.shelly_api import Gen2
from joulelab.meters.transport.http import Endpoint
from joulelab.meters.transport.json_path import JsonPath
from joulelab.units import J_PER_WH

NAME = "joulelab"
SCRIPT = "meter.shelly.script"
CHUNK_CHARACTERS = 1024
PERIOD_S = 0.5
KEPT = 120
"""A minute of memory; a script has about 25 kB for everything."""
ROWS = 40


class Session:
    """What one run of the script delivered: rows of (plug's ms, W, Wh), each once."""

    def __init__(self) -> None:
        self.clock = PlugClock()
        self.rows: list[tuple[float, float, float]] = []
        self.wanted = 0

    def readings(self) -> list[Reading]:
        if not self.rows:
            return []
        table = np.array(self.rows, dtype=np.float64)
        times_ns = self.clock.monotonic_ns(table[:, 0]).tolist()
        return [
            Reading(time_ns, power_w, total_wh * J_PER_WH)
            for time_ns, power_w, total_wh in zip(
                times_ns, table[:, 1].tolist(), table[:, 2].tolist(), strict=True
            )
        ]


class Answer(NamedTuple):
    """`reading` is of the moment of the answer; `more` says that rows are left."""

    reading: Reading
    more: bool


class PlugScript:
    """Uploads, starts, asks and removes the script. All raise MeterError."""

    def __init__(self, device: Gen2, endpoint: Endpoint, period_s: float = PERIOD_S) -> None:
        self._device = device
        self._endpoint = endpoint
        self._period_s = period_s
        self._id: int | None = None
        self.sessions = [Session()]

    def install(self) -> None:
        for script in self._device.call("Script.List").get("scripts", []):
            if script.get("name") == NAME:
                # Left by a run that was killed.
                self._remove(int(script["id"]))
        self._id = int(self._device.call("Script.Create", name=NAME)["id"])
        code = _code(self._device.component, self._period_s)
        for at in range(0, len(code), CHUNK_CHARACTERS):
            chunk = code[at : at + CHUNK_CHARACTERS]
            self._device.call("Script.PutCode", id=self._id, code=chunk, append=at > 0)
        self._device.call("Script.Start", id=self._id)

    def pull(self) -> Answer:
        """Fetch the rows that are new. A script that counts from zero again was restarted."""
        session = self.sessions[-1]
        reply = self._endpoint.get(self._path, {"since": str(session.wanted)})
        said: Any = reply.json()
        count, first = int(_COUNT.number(said)), int(_FIRST.number(said))
        plug_ms = _NOW.number(said)
        if count < session.wanted or (session.rows and plug_ms < session.rows[-1][0]):
            self.sessions.append(Session())
            return self.pull()
        rows = _rows(said)
        session.rows += rows
        session.wanted = first + len(rows)
        session.clock.add(plug_ms, reply)
        total_j = _TOTAL.number(said) * J_PER_WH
        reading = Reading(reply.middle_ns, _POWER.number(said), total_j)
        return Answer(reading, session.wanted < count)

    def pull_all(self) -> Reading:
        while True:
            answer = self.pull()
            if not answer.more:
                return answer.reading

    def restart(self) -> None:
        """After the plug lost its power: what is uploaded stays, but does not run."""
        self._device.call("Script.Start", id=self._id)
        self.sessions.append(Session())

    def remove(self) -> None:
        if self._id is not None:
            self._remove(self._id)

    def _remove(self, script_id: int) -> None:
        self._device.call("Script.Stop", id=script_id)
        self._device.call("Script.Delete", id=script_id)

    @property
    def _path(self) -> str:
        return f"/script/{self._id}/samples"


def readings(sessions: Sequence[Session]) -> list[tuple[Reading, bool]]:
    """In order of time, each with whether the script was started anew before it."""
    found = []
    for number, session in enumerate(sessions):
        for index, reading in enumerate(session.readings()):
            found.append((reading, number > 0 and index == 0))
    return found


def _rows(said: Any) -> list[tuple[float, float, float]]:
    try:
        return [(float(ms), float(power_w), float(wh)) for ms, power_w, wh in said["rows"]]
    except (KeyError, TypeError, ValueError) as error:
        raise MeterUnavailable(
            f"the script answers something else ({error})", where=SCRIPT, cure="start the run anew"
        ) from error


def _code(component: str, period_s: float) -> str:
    text = (resources.files("joulelab") / "data" / "shelly_script.js").read_text("utf-8")
    if component.partition(":")[0] not in ("switch", "pm1"):
        raise MeterUnavailable(
            f"script mode does not know {component}", where=SCRIPT, cure=f"set {SCRIPT}=false"
        )
    # A script's storage is small: comments and indentation stay here.
    lines = (line.strip() for line in text.splitlines())
    kept = "\n".join(line for line in lines if line and not line.startswith("//"))
    settings = {
        "COMPONENT": f'"{component}"',
        "PERIOD_MS": str(round(period_s * 1e3)),
        "KEPT": str(KEPT),
        "ROWS": str(ROWS),
    }
    return "".join(f"let {name} = {value};\n" for name, value in settings.items()) + kept


_FIRST, _COUNT = JsonPath("first", SCRIPT), JsonPath("count", SCRIPT)
_NOW = JsonPath("now_ms", SCRIPT)
_POWER, _TOTAL = JsonPath("apower", SCRIPT), JsonPath("total", SCRIPT)
