"""Which channels a run's energy speaks of, and what they say."""

from __future__ import annotations

from collections.abc import Mapping

from joulelab.meters.energy.curves import curves_of
from joulelab.meters.energy.integration import Weighed, weigh
from joulelab.meters.energy.intervals import Intervals, Spans
from joulelab.meters.energy.reconcile import reconciled
from joulelab.meters.energy.scopes import choose
from joulelab.meters.energy.uncertainty import combine
from joulelab.records import Energy, Trace

COMPLETE = 0.99
"""Least share of the time whose energy must be known (seen, or bridged by a counter)."""


def headline(trace: Trace, intervals: Intervals) -> tuple[tuple[str, ...], Energy] | None:
    """Channel ids and their energy over a union of intervals; None where nothing weighed it.

    Disjoint measured channels of the widest scope that is complete, else the estimate, which its
    provenance tells.
    """
    spans = Spans.of({"": intervals})
    curves = reconciled(curves_of(trace))
    weighed = {channel_id: weigh(curve, spans) for channel_id, curve in curves.items()}
    chosen = headline_channels(weighed, "")
    if not chosen:
        return None
    return chosen, combine(
        {channel_id: weighed[channel_id].energies()[""] for channel_id in chosen}
    )


def headline_channels(weighed: Mapping[str, Weighed], name: str) -> tuple[str, ...]:
    """The same choice among channels already weighed, judged by what they saw of one name."""

    def complete(channel_id: str) -> bool:
        each = weighed[channel_id]
        return bool(each.counted_share[each.names.index(name)] >= COMPLETE)

    return choose({channel_id: each.channel for channel_id, each in weighed.items()}, complete)
