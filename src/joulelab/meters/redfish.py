"""Power of a server as its baseboard management controller (BMC) tells it over Redfish.

DMTF DSP0266 (protocol) and DSP2046: `Chassis/<id>/EnvironmentMetrics` has `PowerWatts.Reading` where the
service is of 2020 or later, `Chassis/<id>/Power` has `PowerControl[].PowerConsumedWatts` before that.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import math
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Unpack

from joulelab.errors import MeterDenied, MeterError, MeterUnavailable
from joulelab.meters.power_channel import BmcFigures, bmc_channel
from joulelab.meters.transport.http import Endpoint
from joulelab.records import Channel, Sample

SERVICE = "/redfish/v1"
SESSIONS = f"{SERVICE}/SessionService/Sessions"
WHERE = "meter.redfish.host"


class Redfish:
    """Channel `power`: what the BMC calls the power of the node, whole watts as a rule.

    `chassis` is its `Id`; left out, the first chassis that holds a computer and shows its power.
    With `session` a session is opened at the start and deleted at the stop: a BMC has few of them,
    and a killed run keeps one until the BMC forgets it.

    The figure is a mean that the BMC renews every `update_period_s`: its maker knows over how
    long. `accuracy_relative` and `accuracy_absolute_w` are declared, not certified: the standard
    sets no bound, and most makers publish none.
    """

    remote = True

    def __init__(
        self,
        host: str,
        chassis: str | None = None,
        user: str | None = None,
        password: str | None = None,
        session: bool = False,
        verify: bool = True,
        timeout_s: float = 5.0,
        **figures: Unpack[BmcFigures],
    ) -> None:
        url = host if "://" in host else f"https://{host}"
        self._bmc = Bmc(url, user, password, session, verify, timeout_s)
        self._wanted = chassis
        self._path = ""
        self.note = ""
        self.trouble: str | None = None
        self.channels: Sequence[Channel] = (bmc_channel(**figures),)

    def start(self) -> None:
        self.stop()
        try:
            self._bmc.log_in()
            self._path = self._found()
        except MeterError:
            self.stop()
            raise
        self.note = f"{self._bmc.url}{self._path}"

    def read(self) -> Sequence[Sample]:
        if not self._path:
            return ()
        try:
            reply = self._bmc.get(self._path)
            return [Sample(reply.middle_ns, "power", _watts(reply.json()))]
        except MeterDenied as error:
            self.trouble = str(error)
            with contextlib.suppress(MeterError):
                self._bmc.log_in()
        except MeterError as error:
            self.trouble = str(error)
        return [Sample(time.monotonic_ns(), "power", math.nan)]

    def stop(self) -> None:
        self._path = ""
        self._bmc.log_out()
        self._bmc.close()

    def _found(self) -> str:
        """The resource that shows the power; asks each chassis until one does."""
        chassis = [self._bmc.json(path) for path in self._bmc.members(f"{SERVICE}/Chassis")]
        names = [str(each.get("Id")) for each in chassis]
        if self._wanted is not None and self._wanted not in names:
            raise MeterUnavailable(
                f"the BMC has no chassis {self._wanted}",
                where="meter.redfish.chassis",
                cure=f"choose one of {', '.join(names)}",
            )
        if self._wanted is not None:
            chassis = [each for each in chassis if str(each.get("Id")) == self._wanted]
        chassis.sort(key=lambda each: not (each.get("Links") or {}).get("ComputerSystems"))
        for path in (path for each in chassis for path in _resources(each)):
            try:
                shown = self._bmc.json(path)
            except MeterUnavailable:
                continue
            if math.isfinite(_watts(shown)):
                return path
        raise MeterUnavailable(
            f"no chassis of this BMC shows its power ({', '.join(names) or 'it lists none'})",
            where=WHERE,
            cure="update its firmware, or read it with meter=ipmi",
        )


class Bmc(Endpoint):
    """A Redfish service: Basic credentials in every request, or one session's token.

    Credentials go unasked: the standard lets a service leave out the challenge.
    """

    def __init__(
        self,
        url: str,
        user: str | None,
        password: str | None,
        session: bool,
        verify: bool,
        timeout_s: float,
    ) -> None:
        basic = None
        if user is not None and not session:
            pair = f"{user}:{password or ''}".encode()
            basic = f"Basic {base64.b64encode(pair).decode()}"
        super().__init__(url, where=WHERE, timeout_s=timeout_s, token=basic, verify=verify)
        self._login = {"UserName": user, "Password": password or ""} if session else None
        self._key: str | None = None
        self._location: str | None = None

    def log_in(self) -> None:
        if self._login is not None:
            self._key = self._location = None
            self.post(SESSIONS, json.dumps(self._login).encode())

    def log_out(self) -> None:
        if self._location is not None:
            with contextlib.suppress(MeterError):
                self._ask("DELETE", self._location, None, None, {})
        self._key = self._location = None

    def json(self, path: str) -> Mapping[str, Any]:
        found = self.get(path).json()
        return found if isinstance(found, Mapping) else {}

    def members(self, path: str) -> Iterator[str]:
        following: str | None = path
        while following:
            page = self.json(following)
            yield from filter(None, map(_link, page.get("Members") or []))
            following = page.get("Members@odata.nextLink")

    def _send(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        if self._key is not None:
            headers = {**headers, "X-Auth-Token": self._key}
        try:
            response = super()._send(method, target, body, headers)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise MeterUnavailable(
                f"the BMC's certificate is not trusted ({error.verify_message})",
                where=WHERE,
                cure="if it is your BMC, say meter.redfish.verify=false",
            ) from error
        if target.endswith(SESSIONS) and response.status < 300:
            self._key = response.headers.get("X-Auth-Token")
            _, found, rest = (response.headers.get("Location") or "").partition(SERVICE)
            self._location = found + rest or None
        return response


def _resources(chassis: Mapping[str, Any]) -> list[str]:
    links = [_link(chassis.get(name)) for name in ("EnvironmentMetrics", "Power")]
    return [link for link in links if link]


def _link(field: Any) -> str | None:
    link = field.get("@odata.id") if isinstance(field, Mapping) else None
    return link if isinstance(link, str) else None


def _watts(shown: Any) -> float:
    """NaN where the resource shows none. Of several power controls the first is the whole, by custom of
    the makers; the others are its parts, and no stand-in."""
    if not isinstance(shown, Mapping):
        return math.nan
    power, controls = shown.get("PowerWatts"), shown.get("PowerControl")
    if isinstance(power, Mapping):
        return _number(power.get("Reading"))
    first = controls[0] if isinstance(controls, list) and controls else None
    return _number(first.get("PowerConsumedWatts")) if isinstance(first, Mapping) else math.nan


def _number(field: Any) -> float:
    known = isinstance(field, int | float) and not isinstance(field, bool)
    return float(field) if known else math.nan
