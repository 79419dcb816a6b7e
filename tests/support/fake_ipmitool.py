"""An executable `ipmitool` that answers like one, with a power that goes on while it is asked."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable
from pathlib import Path

READING = """
    Instantaneous power reading:                   {watts:3d} Watts
    Minimum during sampling period:                  8 Watts
    Maximum during sampling period:                413 Watts
    Average power reading over sample period:      170 Watts
    IPMI timestamp:                           {stamp}
    Sampling period:                          00000001 Seconds.
    Power reading state is:                   {state}

"""
NO_SESSION = "Error: Unable to establish IPMI v2 / RMCP+ session"
NO_DCMI = "DCMI request failed because: Invalid command (c1)"
REFUSED = "Could not open device at /dev/ipmi0 or /dev/ipmi/0: Permission denied"


class FakeIpmitool:
    """Lies in `folder`, with a `device` beside it; `program` is its path. Answers from `start` (or
    `with`) to `stop` with `watts()`, renewed every 10 ms.

    Settable while it runs, by `says` or inside `watts`: `refusal` said instead, `delay_s`, `clock_s`
    added to the BMC's stamp, `stamp` said instead of the time, `state`. `asked` are the command lines so
    far, `password` what the last one found in its environment.
    """

    def __init__(self, folder: Path, watts: Callable[[], float] = lambda: 173.0) -> None:
        self.folder = Path(folder)
        self.watts = watts
        self.refusal: str | None = None
        self.delay_s = self.clock_s = 0.0
        self.stamp: str | None = None
        self.state = "activated"
        self.program = self.folder / "ipmitool"
        self.device = self.folder / "ipmi0"
        self.device.touch()
        here = shlex.quote(str(self.folder))
        self.program.write_text(
            "#!/bin/sh\n"
            f'printf "%s\\n" "$*" >> {here}/asked\n'
            f'printf %s "$IPMI_PASSWORD" > {here}/password\n'
            f"delay=$(cat {here}/delay)\n"
            '[ "$delay" = 0 ] || sleep "$delay"\n'
            f". {here}/answer\n"
        )
        self.program.chmod(0o755)
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    @property
    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text()

    def __enter__(self) -> FakeIpmitool:
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def says(self, **settings: object) -> None:
        """From the next question on."""
        for name, value in settings.items():
            setattr(self, name, value)
        self._write()

    def _renew(self) -> None:
        while not self._ended.wait(0.01):
            self._write()

    def _write(self) -> None:
        with self._lock:
            self._write_files()

    def _write_files(self) -> None:
        clock = time.gmtime(time.time() + self.clock_s)
        stamp = self.stamp or time.strftime("%a %b %d %H:%M:%S %Y", clock)
        said = READING.format(watts=round(self.watts()), stamp=stamp, state=self.state)
        answer = f"cat <<'END'\n{said}END\nexit 0\n"
        if self.refusal is not None:
            answer = f"echo {shlex.quote(self.refusal)} >&2\nexit 1\n"
        # The answer is that of the middle of its delay.
        after = f"sleep {self.delay_s / 2:g}\n" if self.delay_s else ""
        head, _, tail = answer.rpartition("exit")
        self._replace("answer", f"{head}{after}exit{tail}")
        self._replace("delay", f"{self.delay_s / 2:g}")

    def _replace(self, name: str, content: str) -> None:
        path = self.folder / f".{name}"
        path.write_text(content)
        path.replace(self.folder / name)
