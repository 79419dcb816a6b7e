"""Dates as the command `date` and logs print them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from joulelab.meters.transport.iso_time import epoch_ns
from joulelab.units import NS_PER_S

_MONTHS = (
    *("jan jän", "feb fév", "mar mär", "apr avr", "may mai", "jun juin"),
    *("jul juil", "aug aoû", "sep", "oct okt", "nov", "dec déc dez"),
)
"""Beginnings in English, French and German, the languages of the studies' machines."""

_ZONES = {
    **dict.fromkeys(("UTC", "GMT", "Z", "WET"), 0),
    **dict.fromkeys(("CET", "WEST"), 1),
    **dict.fromkeys(("CEST", "EET"), 2),
    "EEST": 3,
}
_CLOCK = re.compile(r"\b(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)?\b")
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_DAY = re.compile(r"(?<![\d:])(\d{1,2})(?![\d:])")
_WORD = re.compile(r"[^\W\d_]+")
_OFFSET = re.compile(r"(?<=\s)([+-])(\d\d):?(\d\d)\b")
LONGEST = 60


def date_line(text: str) -> tuple[int, bool] | None:
    """ns since 1970 of a line that is a date and nothing else, and whether it tells its zone; without
    one they are ns of local time. None where it is no date."""
    text = text.strip()
    if not 8 < len(text) < LONGEST:
        return None
    try:
        return epoch_ns(text), True
    except ValueError:
        pass
    try:
        return _local_ns(datetime.fromisoformat(text)), False
    except ValueError:
        return _spelled(text)


def _spelled(text: str) -> tuple[int, bool] | None:
    """`Wed Dec 20 23:45:14 UTC 2023` and its like in other orders."""
    clock, year = _CLOCK.search(text), _YEAR.search(text)
    words = _WORD.findall(text)
    # `mar.` is a French Tuesday too: the month comes after the weekday.
    month = next((found for word in reversed(words) if (found := _month(word))), None)
    if clock is None or year is None or month is None:
        return None
    rest = text.replace(clock[0], " ").replace(year[0], " ")
    offset = _OFFSET.search(rest)
    rest = rest if offset is None else rest.replace(offset[0], " ")
    day = _DAY.search(rest)
    if day is None:
        return None
    hour = int(clock[1])
    half = next((word.upper() for word in words if word.upper() in ("AM", "PM")), None)
    if half is not None:
        hour = hour % 12 + (12 if half == "PM" else 0)
    try:
        moment = datetime(int(year[1]), month, int(day[1]), hour, int(clock[2]), int(clock[3]))
    except ValueError:
        return None
    zone = next((_ZONES[word] for word in words if word in _ZONES), None)
    if offset is not None:
        minutes = int(offset[2]) * 60 + int(offset[3])
        moment -= timedelta(minutes=minutes if offset[1] == "+" else -minutes)
    elif zone is not None:
        moment -= timedelta(hours=zone)
    return _local_ns(moment), offset is not None or zone is not None


def _month(word: str) -> int | None:
    """1 to 12."""
    for number, beginnings in enumerate(_MONTHS, 1):
        if word.lower().startswith(tuple(beginnings.split())):
            return number
    return None


def _local_ns(moment: datetime) -> int:
    """As if the zone were UTC."""
    return round(moment.replace(tzinfo=UTC).timestamp()) * NS_PER_S
