"""A Shelly plug's log: the JSON list of its script, or the same as CSV.

Power alone is used: the logged voltage may be far from any mains, and voltage times current is not
the power that the plug measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.meters.energy.curves import Floats
from joulelab.meters.power_channel import power_channel
from joulelab.meters.recordings.part import Part, Series, broken, csv_rows, tidy, usual_interval_s
from joulelab.records import Channel
from joulelab.units import NS_PER_S

ACCURACY_ABSOLUTE_W = 3.0
ACCURACY_RELATIVE = 0.01
"""As `joulelab.meters.shelly` declares them."""

RESOLUTION_W = 0.1
U_STAMP_S = 1 / math.sqrt(12)
"""Stamps are whole seconds of the plug's own clock."""

FIRST_REAL_S, LAST_REAL_S = 1e9, 4e9
"""A plug that never reached a time server counts from 1970."""

MILLISECONDS = 1e11
MILLIWATTS = 30.0
"""No load draws so many times its apparent power: the figure is in mW."""

MAINS_SHARE = 0.75
"""Below this share of its usual high, a voltage is not that of a mains that still feeds a load."""

NEEDED = ("power", "timestamp")
ALIASES = {"apower": "power", "ts": "timestamp", "unixtime": "timestamp"}
"""What plugs of the second generation call them."""

EXTRA = {"voltage": "V", "current": "A"}

Row = tuple[int, Mapping[str, Any]]


def is_json(head: str) -> bool:
    start = head.lstrip("\ufeff \n\t")[:1]
    return start in ("[", "{") and all(
        any(f'"{word}"' in head for word in (name, *_aliases(name))) for name in NEEDED
    )


def is_csv(head: str) -> bool:
    names = _names(head.split("\n", 1)[0])
    return set(NEEDED) <= set(names)


def read_json(path: Path, text: str) -> Part:
    listed = _listed(path, text.lstrip("\ufeff"))
    if not all(isinstance(entry, dict) for entry in listed):
        raise broken("not a list of readings", path)
    entries = [{ALIASES.get(name, name): entry[name] for name in entry} for entry in listed]
    return _part(path, list(enumerate(entries, 1)), "entry", milliwatts=False)


def _listed(path: Path, text: str) -> list[Any]:
    """A list, an object that holds one, or an object a line."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise broken(f"no JSON: {error.msg}", path, error.lineno) from error
        return list(_lines(path, text))
    if isinstance(whole, dict):
        return next((each for each in whole.values() if isinstance(each, list)), [whole])
    return whole if isinstance(whole, list) else [whole]


def _lines(path: Path, text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                yield json.loads(line)
        except json.JSONDecodeError as error:
            raise broken(f"no JSON: {error.msg}", path, number) from error


def read_csv(path: Path, text: str) -> Part:
    names = _names(text.split("\n", 1)[0])
    rows: list[Row] = []
    last = text.count("\n") + 1
    for number, cells in csv_rows(path, text):
        cut_off = number == last  # no line end: perhaps half a number in its last cell
        if len(cells) == len(names) and not (cut_off and names[-1] in NEEDED):
            rows.append((number, dict(zip(names, cells, strict=True))))
        elif not cut_off:
            raise broken(f"{len(cells)} cells under {len(names)} columns", path, number)
    return _part(path, rows, "line", milliwatts=True)


def _part(path: Path, rows: Sequence[Row], unit: str, *, milliwatts: bool) -> Part:
    def column(name: str) -> Floats:
        return np.array([_number(path, row, name, unit) for row in rows], np.float64)

    stamps_s = column("timestamp")
    stamps_s = np.where(stamps_s > MILLISECONDS, stamps_s / 1e3, stamps_s)
    real = (stamps_s > FIRST_REAL_S) & (stamps_s < LAST_REAL_S)
    if not real.any():
        raise broken("no reading has a time", path, cure="give the plug a time server, record anew")
    times_ns = np.round(stamps_s[real] * NS_PER_S).astype(np.int64)
    extra = {name: column(name)[real] for name in EXTRA if name in rows[0][1]}
    power_w = column("power")[real]
    if _in_milliwatts(power_w, extra, milliwatts):
        power_w = power_w / 1e3
    if "voltage" in extra:
        volts = extra["voltage"]
        high = np.nanpercentile(volts, 95) if np.isfinite(volts).any() else math.nan
        extra["voltage"] = np.where(volts >= MAINS_SHARE * high, volts, np.nan)
    power = power_channel(
        "power",
        "wall",
        resolution_w=RESOLUTION_W,
        update_period_s=usual_interval_s(times_ns),
        accuracy_absolute_w=ACCURACY_ABSOLUTE_W,
        accuracy_relative=ACCURACY_RELATIVE,
        u_clock_s=U_STAMP_S,
    )
    series = [Series(power, *tidy(times_ns, power_w))]
    for name, values in extra.items():
        channel = Channel(name, "auxiliary", EXTRA[name], "wall", "measured", u_clock_s=U_STAMP_S)
        series.append(Series(channel, *tidy(times_ns, values)))
    return Part("shelly", "utc", tuple(series))


def _in_milliwatts(power: Floats, extra: Mapping[str, Floats], default: bool) -> bool:
    """By the apparent power beside it, whose voltage may be three times too low, not a thousand."""
    if not {"voltage", "current"} <= set(extra):
        return default
    apparent = extra["voltage"] * extra["current"]
    loaded = np.isfinite(apparent) & np.isfinite(power) & (apparent > 0) & (power > 0)
    if not loaded.any():
        return default
    return bool(np.median(power[loaded] / apparent[loaded]) > MILLIWATTS)


def _number(path: Path, row: Row, name: str, unit: str) -> float:
    """NaN where there is none; what is no number is an error."""
    number, cells = row
    value = cells.get(name)
    if value is None or value == "":
        return math.nan
    try:
        figure = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        what = f"{name} is no number: {str(value)[:40]!r}"
        if unit == "line":
            raise broken(what, path, number) from error
        raise broken(f"{unit} {number}: {what}", path) from error
    return figure if math.isfinite(figure) else math.nan


def _names(header: str) -> list[str]:
    names = [name.strip().strip('"').lower() for name in header.lstrip("\ufeff").split(",")]
    return [ALIASES.get(name, name) for name in names]


def _aliases(name: str) -> list[str]:
    return [alias for alias, own in ALIASES.items() if own == name]
