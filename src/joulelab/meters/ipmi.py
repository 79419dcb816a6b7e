"""Power of a server as its BMC tells it: DCMI's Get Power Reading, asked through `ipmitool`."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from joulelab.errors import ConfigError, MeterDenied, MeterError, MeterUnavailable
from joulelab.meters.power_channel import BmcFigures, bmc_channel
from joulelab.records import Channel, Sample

STALE_NS = 30_000_000_000
"""A reading whose own stamp stands still for so long is not renewed any more."""

GROUP_CURE = (
    "run `sudo groupadd -f ipmi && sudo usermod -aG ipmi $USER && echo "
    """'KERNEL=="ipmi*", GROUP="ipmi", MODE="0660"' | sudo tee /etc/udev/rules.d/70-ipmi.rules """
    "&& sudo udevadm control --reload && sudo udevadm trigger` and log in again"
)

_NOISE = "IANA PEN registry open failed"
"""What ipmitool 1.8.19 says first on Debian, whatever it is asked."""

_FIELD = re.compile(r"^\s*([A-Za-z][A-Za-z ]*?)(?: is)?:\s+(.*?)\s*$", re.MULTILINE)
_REFUSALS = (
    # What ipmitool says, what that means, and the cure.
    ("permission denied", "this user may not ask the BMC", GROUP_CURE),
    ("unauthorized name", "the BMC does not know this user", "set meter.ipmi.user"),
    ("invalid user name", "the BMC refuses the user", "set meter.ipmi.user"),
    ("incorrect password", "the BMC refuses the password", "set JOULELAB_IPMI_PASSWORD"),
    (
        "insufficient privilege",
        "the BMC wants more privilege for a reading",
        "say meter.ipmi.privilege=OPERATOR (or ADMINISTRATOR) and let the user have it",
    ),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """`stamp` is the BMC's own clock as it prints it."""

    power_w: float
    stamp: str | None


class Ipmi:
    """Channel `power`: the BMC's instantaneous power reading of the node, in whole watts.

    Without `host` it asks this machine's BMC through `device`, else with no more `privilege` than a
    reading needs (ipmitool itself asks for ADMINISTRATOR, some BMCs want OPERATOR). The password
    travels in the environment of the child process, where only its owner sees it, never on a command
    line. The BMC's own stamp (1 s steps, its own clock) only shows whether it renews its figure.

    `update_period_s` is how often the BMC renews its figure: its maker knows. `accuracy_relative`
    and `accuracy_absolute_w` are declared, not certified: most makers publish no bound.
    """

    remote = True

    def __init__(
        self,
        host: str | None = None,
        user: str | None = None,
        password: str | None = None,
        interface: str | None = None,
        privilege: str = "USER",
        program: str = "ipmitool",
        device: str = "/dev/ipmi0",
        timeout_s: float = 5.0,
        **figures: Unpack[BmcFigures],
    ) -> None:
        if host is None and (user is not None or interface not in (None, "open")):
            raise ConfigError(
                "a user and a network interface need a host",
                where="meter.ipmi.host",
                cure="name the BMC, or leave user and interface out",
            )
        self._host = host
        self._program = program
        self._device = Path(device)
        self._timeout_s = timeout_s
        login: list[str] = []
        if host is not None:
            known = password is not None or "IPMI_PASSWORD" in os.environ
            login = _login(host, user, privilege, known)
        network = interface or ("lanplus" if host else "open")
        self._command = [program, "-I", network, *login, "dcmi", "power", "reading"]
        self._password = password
        self._running = False
        self._stamp: str | None = None
        self._moved = False
        self._renewed_ns = 0
        self.trouble: str | None = None
        self.channels: Sequence[Channel] = (bmc_channel(**figures),)

    @property
    def note(self) -> str:
        return f"BMC {self._host or 'of this machine'}, asked by {self._program}"

    def probe(self) -> None:
        if shutil.which(self._program) is None:
            raise MeterUnavailable(
                f"there is no program {self._program}",
                where="meter.ipmi.program",
                cure="`sudo apt install ipmitool`",
            )
        if self._host is not None:
            return
        if not self._device.exists():
            raise MeterUnavailable(
                "this machine shows no BMC",
                where=str(self._device),
                cure="`sudo modprobe ipmi_si ipmi_devintf`, or name one with meter.ipmi.host=...",
            )
        if not os.access(self._device, os.R_OK | os.W_OK):
            raise MeterDenied(
                "this user may not ask the BMC", where=str(self._device), cure=GROUP_CURE
            )

    def start(self) -> None:
        self.stop()
        self.probe()
        self._ask()
        self._running = True
        self._stamp, self._moved, self._renewed_ns = None, False, time.monotonic_ns()

    def read(self) -> Sequence[Sample]:
        if not self._running:
            return ()
        asked_ns = time.monotonic_ns()
        try:
            reading = self._ask()
        except MeterError as error:
            self.trouble = str(error)
            return [Sample(time.monotonic_ns(), "power", math.nan)]
        answered_ns = time.monotonic_ns()
        renewed = self._renewed(reading.stamp, answered_ns)
        power_w = reading.power_w if renewed else math.nan
        return [Sample((asked_ns + answered_ns) // 2, "power", power_w)]

    def stop(self) -> None:
        self._running = False

    def _ask(self) -> Reading:
        environment = os.environ | {"LC_ALL": "C"}
        if self._password is not None:
            environment["IPMI_PASSWORD"] = self._password
        try:
            done = subprocess.run(
                self._command,
                check=False,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self._timeout_s,
            )
        except subprocess.TimeoutExpired as error:
            raise MeterUnavailable(
                f"no answer within {self._timeout_s:g} s",
                where=self._where,
                cure="check that the BMC can be reached from here",
            ) from error
        except OSError as error:
            raise MeterUnavailable(
                f"{self._program} does not run ({error.strerror})",
                where="meter.ipmi.program",
                cure="`sudo apt install ipmitool`",
            ) from error
        if done.returncode:
            raise self._refusal(done.stderr or done.stdout)
        return parse(done.stdout, self._where)

    @property
    def _where(self) -> str:
        return "meter.ipmi.host" if self._host is not None else str(self._device)

    def _refusal(self, said: str) -> MeterError:
        lines = [line for line in said.splitlines() if not line.startswith(_NOISE)]
        words = " ".join(" ".join(lines).split())
        for sign, meaning, cure in _REFUSALS:
            if sign in words.lower():
                return MeterDenied(meaning, where=self._where, cure=cure)
        cure = "check host, user and JOULELAB_IPMI_PASSWORD, and that the BMC speaks IPMI over LAN"
        if "dcmi" in words.lower():
            cure = "this BMC has no DCMI power reading: try meter=redfish"
        return MeterUnavailable(
            f"{self._program} failed: {words[:160] or 'without a word'}",
            where=self._where,
            cure=cure if self._host or "dcmi" in words.lower() else "run it by hand as root",
        )

    def _renewed(self, stamp: str | None, now_ns: int) -> bool:
        """False where the stamp used to move and has stopped: some BMCs repeat their last figure."""
        if stamp is None or stamp != self._stamp:
            self._moved = self._moved or (self._stamp is not None and stamp is not None)
            self._stamp, self._renewed_ns = stamp, now_ns
        if self._moved and now_ns - self._renewed_ns > STALE_NS:
            self.trouble = f"the BMC repeats its reading of {stamp}"
            return False
        return True


def _login(host: str, user: str | None, privilege: str, with_password: bool) -> list[str]:
    """-E: the password is in the environment."""
    named = [] if user is None else ["-U", user]
    return ["-H", host, "-L", privilege, *named, *(["-E"] if with_password else [])]


def parse(text: str, where: str = "ipmitool") -> Reading:
    """What `ipmitool dcmi power reading` printed. MeterUnavailable where it is no active reading."""
    fields = {name.lower(): value for name, value in _FIELD.findall(text)}
    power = re.fullmatch(r"(\d+) Watts?", fields.get("instantaneous power reading", ""))
    if power is None:
        words = " ".join(text.split())
        raise MeterUnavailable(
            f"no power in the answer: {words[:120] or 'it is empty'}",
            where=where,
            cure="run `ipmitool dcmi power reading` by hand",
        )
    state = fields.get("power reading state", "activated")
    if state != "activated":
        raise MeterUnavailable(
            f"the BMC's power reading is {state}",
            where=where,
            cure="switch power monitoring on in the BMC's settings",
        )
    return Reading(float(power[1]), fields.get("ipmi timestamp"))
