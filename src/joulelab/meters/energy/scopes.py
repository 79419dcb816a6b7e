"""Which channels a run's energy speaks of: one pure rule, for the live figure and the final one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from joulelab.records import Channel, Provenance, Scope

LEVELS: tuple[tuple[Scope, ...], ...] = (
    ("wall",),
    ("node",),
    ("board",),
    ("soc",),
    ("cpu", "dram", "gpu"),
)
"""Widest first: each level contains the next. Scopes of one level lie beside each other: summed."""

PROVENANCES: tuple[Provenance, ...] = ("measured", "estimated")


def choose(channels: Mapping[str, Channel], complete: Callable[[str], bool]) -> tuple[str, ...]:
    """Channel ids (`<meter>.<channel>`) whose sum is the headline; empty where none is complete.

    The widest level at which measured channels are complete, else the same among estimated ones.
    Each scope of a level is given to one meter, the first in the order of `channels` all of whose
    channels of that scope are complete. A scope that meters were asked for but none saw completely
    makes its whole level incomplete: a sum that silently lacks the GPU is no headline.
    """
    for provenance in PROVENANCES:
        for level in LEVELS:
            chosen = _of_level(channels, complete, provenance, level)
            if chosen:
                return chosen
    return ()


def meter_of(channel_id: str) -> str:
    """`rapl` of `rapl.package-0`."""
    return channel_id.partition(".")[0]


def _of_level(
    channels: Mapping[str, Channel],
    complete: Callable[[str], bool],
    provenance: Provenance,
    level: tuple[Scope, ...],
) -> tuple[str, ...]:
    chosen: tuple[str, ...] = ()
    for scope in level:
        by_meter: dict[str, list[str]] = {}
        for channel_id, channel in channels.items():
            energetic = channel.kind != "auxiliary" and channel.inside is None
            if energetic and channel.scope == scope and channel.provenance == provenance:
                by_meter.setdefault(meter_of(channel_id), []).append(channel_id)
        seen = next((ids for ids in by_meter.values() if all(map(complete, ids))), None)
        if seen is None and by_meter:
            return ()
        chosen += tuple(seen or ())
    return chosen
