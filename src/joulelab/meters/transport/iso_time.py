"""Instants as ISO 8601 / RFC 3339 text, to the nanosecond."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from joulelab.units import NS_PER_S

_PATTERN = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)"
)


def epoch_ns(text: str) -> int:
    """`2024-03-27T16:15:21.073488201Z` in ns since 1970. ValueError where it is no instant; a text
    without zone is none."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no instant with a zone")
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    second = round(datetime.fromisoformat(f"{day}T{clock}{zone}").timestamp())
    return second * NS_PER_S + int((fraction or "0").ljust(9, "0"))


def utc(time_ns: int) -> str:
    """The reverse of `epoch_ns`, in UTC."""
    second, fraction = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
