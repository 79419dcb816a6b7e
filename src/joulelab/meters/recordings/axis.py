"""Several recordings of one run on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np

from joulelab.errors import DataError
from joulelab.meters.energy.scopes import meter_of
from joulelab.meters.recordings.part import Part
from joulelab.records import Channel, Instant, Phase, Trace
from joulelab.units import NS_PER_S

QUARTER_NS = 900 * NS_PER_S
FARTHEST_ZONE = 14 * 4
HOUR_NS = 3600 * NS_PER_S
DATE_CURE = "write the line of `date -u` above its first line"


def joined(parts: Sequence[Part], path: Path, utc_offset_h: float | None) -> Trace:
    """Times count from the first sample or phase on; the anchor tells that moment in UTC.

    Local times are taken `utc_offset_h` ahead of UTC; None chooses the whole quarter of an hour, the
    smallest, with which they overlap the others most. DataError where one of several recordings has
    no date, and where none has a sample.
    """
    spans = [span for part in parts if (span := part.span()) is not None]
    if not spans or not any(part.series for part in parts):
        raise DataError("no sample", where=str(path), cure="name a recording of an instrument")
    for part in parts:
        if part.clock == "none" and len(parts) > 1:
            raise DataError(
                f"{part.meter} has no date: nothing tells when the others saw the same",
                where=str(path),
                cure=DATE_CURE,
            )
    shifts = [_shift_ns(part, parts, utc_offset_h) for part in parts]
    zero_ns = min(
        span[0] - shift
        for part, shift in zip(parts, shifts, strict=True)
        if (span := part.span()) is not None
    )
    channels, times, values, phases = {}, {}, {}, []
    for part, name, shift in zip(parts, _names(parts), shifts, strict=True):
        for each in part.series:
            channel_id = f"{name}.{each.channel.name}"
            channels[channel_id] = each.channel
            times[channel_id] = each.times_ns - shift - zero_ns
            values[channel_id] = each.values
        phases += [
            Phase(p.name, p.start_ns - shift - zero_ns, p.stop_ns - shift - zero_ns)
            for p in part.phases
        ]
    dated = all(part.clock != "none" for part in parts)
    anchor = Instant(0, zero_ns) if dated else None
    phases.sort(key=lambda each: (each.start_ns, -each.stop_ns, len(each.name)))
    return Trace(channels, times, values, phases, anchor)


def common_span(trace: Trace) -> tuple[int, int]:
    """Monotonic ns that every instrument saw which measures; where none does, every estimate.

    DataError where there is none, or they share no moment.
    """
    for provenance in ("measured", "estimated"):
        spans: dict[str, tuple[int, int]] = {}
        for channel_id, channel in trace.channels.items():
            seen = _seen(trace, channel_id, channel)
            if channel.provenance == provenance and seen is not None:
                first, last = spans.get(meter_of(channel_id), seen)
                spans[meter_of(channel_id)] = (min(first, seen[0]), max(last, seen[1]))
        if spans:
            start_ns = max(first for first, _ in spans.values())
            stop_ns = min(last for _, last in spans.values())
            if start_ns >= stop_ns:
                raise DataError(
                    f"{', '.join(spans)} saw no moment together",
                    cure="check the dates, say utc_offset_h=... for local times, "
                    "or import them one by one",
                )
            return start_ns, stop_ns
    raise DataError("no energy or power in it", cure="name a recording of an instrument")


def _seen(trace: Trace, channel_id: str, channel: Channel) -> tuple[int, int] | None:
    if channel.kind == "auxiliary":
        return None
    times_ns = np.asarray(trace.times_ns[channel_id])
    good = times_ns[np.isfinite(np.asarray(trace.values[channel_id]))]
    return (int(good[0]), int(good[-1])) if len(good) > 1 else None


def _shift_ns(part: Part, parts: Sequence[Part], utc_offset_h: float | None) -> int:
    """What to subtract from the part's times."""
    own = part.span()
    if part.clock != "local" or own is None:
        return 0
    if utc_offset_h is not None:
        return round(utc_offset_h * HOUR_NS)
    others = [span for each in parts if each.clock == "utc" and (span := each.span()) is not None]
    if not others:
        return 0
    first, last = min(span[0] for span in others), max(span[1] for span in others)

    def overlap(quarters: int) -> tuple[int, int]:
        shift = quarters * QUARTER_NS
        return min(own[1] - shift, last) - max(own[0] - shift, first), -abs(quarters)

    best = max(range(-FARTHEST_ZONE, FARTHEST_ZONE + 1), key=overlap)
    return best * QUARTER_NS if overlap(best)[0] > 0 else 0


def _names(parts: Sequence[Part]) -> list[str]:
    """The meters' names, numbered where two parts have a channel in common."""
    taken: dict[str, set[str]] = {}
    names: list[str] = []
    for part in parts:
        numbered = (f"{part.meter}_{number}" if number > 1 else part.meter for number in count(1))
        name = next(each for each in numbered if not taken.get(each, set()) & part.names())
        taken.setdefault(name, set()).update(part.names())
        names.append(name)
    return names
