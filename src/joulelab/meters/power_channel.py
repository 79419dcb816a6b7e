"""How an instrument declares a power that it measures."""

from __future__ import annotations

from joulelab.records import Channel, Scope


def power_channel(
    name: str,
    scope: Scope,
    *,
    resolution_w: float,
    update_period_s: float,
    accuracy_absolute_w: float,
    accuracy_relative: float,
    inside: str | None = None,
    clock_offset_s: float = 0.0,
    u_clock_s: float = 0.0,
) -> Channel:
    return Channel(
        name=name,
        kind="power",
        unit="W",
        scope=scope,
        provenance="measured",
        resolution=resolution_w,
        update_period_s=update_period_s,
        accuracy_absolute_w=accuracy_absolute_w,
        accuracy_relative=accuracy_relative,
        inside=inside,
        clock_offset_s=clock_offset_s,
        u_clock_s=u_clock_s,
    )
