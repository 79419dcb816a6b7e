"""A small HTTP client for instruments: one kept connection, its times, Basic, Digest or token.

http.client, because a poll costs a quarter of the CPU time that requests takes (docs/log.md).
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.transport.login import Challenge, parse_challenge

_DENIED = (401, 403)
_REFUSED = 300
_WORDS = 120


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `asked_ns` and `answered_ns` are this host's monotonic clock around it, `date_s` the
    server's Date header in epoch seconds."""

    status: int
    body: bytes
    asked_ns: int
    answered_ns: int
    date_s: float | None
    url: str = ""

    @property
    def middle_ns(self) -> int:
        return (self.asked_ns + self.answered_ns) // 2

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise MeterUnavailable(
                f"answered with something that is not JSON: {_short(self.text())}",
                # What follows the question mark may hold a password.
                where=self.url.partition("?")[0],
                cure="check that the address is the instrument's",
            ) from error


class Endpoint:
    """One server. `where` is the config key that names it. One thread at a time."""

    def __init__(
        self,
        url: str,
        *,
        where: str,
        timeout_s: float = 3.0,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        verify: bool = True,
    ) -> None:
        parts = _address(url, where)
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        self._where = where
        self._host, self._port = parts.hostname or "", parts.port
        self._prefix = parts.path.rstrip("/")
        self._timeout_s = timeout_s
        self._context: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._context = (
                ssl.create_default_context() if verify else ssl._create_unverified_context()
            )
        named = None if parts.username is None else unquote(parts.username)
        self._user = user if user is not None else named
        self._password = unquote(parts.password or "") if password is None else password
        self._token = None if token is None else token.strip()
        self._challenge: Challenge | None = None
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        return self._ask("GET", path, params, None, {})

    def post(
        self,
        path: str,
        body: bytes,
        content_type: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> Reply:
        return self._ask("POST", path, params, body, {"Content-Type": content_type})

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Reply:
        target = f"{self._prefix}{path}" + _query(params)
        reply, challenge = self._once(method, target, body, headers)
        if reply.status == 401 and challenge and self._user is not None:
            # The nonce is new or has aged: one more time with the one that came.
            self._challenge = parse_challenge(challenge)
            reply, _ = self._once(method, target, body, headers)
        if reply.status >= _REFUSED:
            raise self._refusal(reply)
        return reply

    def _once(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[Reply, str]:
        url = self.url.removesuffix(self._prefix) + target
        headers = {"Accept": "*/*", **headers}
        authorization = self._authorization(method, target)
        if authorization:
            headers["Authorization"] = authorization
        stale = self._connection is not None
        asked_ns = time.monotonic_ns()
        try:
            try:
                response = self._send(method, target, body, headers)
            except (ConnectionError, http.client.BadStatusLine):
                # A server may close a kept connection at any time: that is no failure yet.
                self.close()
                if not stale:
                    raise
                asked_ns = time.monotonic_ns()
                response = self._send(method, target, body, headers)
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise MeterUnavailable(
                _reason(error, self._timeout_s),
                where=f"{self._where} ({url.partition('?')[0]})",
                cure="check that it is switched on and can be reached from here",
            ) from error
        except ValueError as error:
            self.close()
            raise ConfigError(
                f"user or token cannot be sent ({error})",
                where=self._where,
                cure="look for line breaks and unusual characters in them",
            ) from error
        answered_ns = time.monotonic_ns()
        if response.will_close:
            self.close()
        date_s = _epoch_s(response.headers.get("Date"))
        reply = Reply(response.status, content, asked_ns, answered_ns, date_s, url)
        return reply, ", ".join(response.headers.get_all("WWW-Authenticate") or [])

    def _send(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = (
                http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
                if self._context is None
                else http.client.HTTPSConnection(
                    self._host, self._port, timeout=self._timeout_s, context=self._context
                )
            )
        self._connection.request(method, target, body, headers)
        return self._connection.getresponse()

    def _authorization(self, method: str, target: str) -> str | None:
        if self._token is not None or self._user is None or self._challenge is None:
            return self._token
        return self._challenge.answer(self._user, self._password, method, target)

    def _refusal(self, reply: Reply) -> MeterUnavailable | MeterDenied:
        where = f"{self._where} ({reply.url.partition('?')[0]})"
        if reply.status in _DENIED:
            return MeterDenied(
                f"the server refuses access (status {reply.status})",
                where=where,
                cure="give the right user and password, or token",
            )
        return MeterUnavailable(
            f"answered with status {reply.status}: {_short(reply.text())}",
            where=where,
            cure="check address and settings",
        )


def _address(url: str, where: str) -> SplitResult:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    shown = f"{url.partition('://')[0]}://..." if "@" in url else repr(url)
    raise ConfigError(f"{shown} is no web address", where=where, cure="say http://host[:port]")


def _query(params: Mapping[str, str] | None) -> str:
    """Spaces as %20: not every small server takes a plus for one."""
    return f"?{urlencode(params, quote_via=quote)}" if params else ""


def _reason(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, socket.gaierror):
        return "the name of the host is unknown"
    return f"no answer ({error})"


def _epoch_s(header: str | None) -> float | None:
    try:
        return None if header is None else parsedate_to_datetime(header).timestamp()
    except ValueError:
        return None


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _WORDS else f"{words[:_WORDS]} ..."
