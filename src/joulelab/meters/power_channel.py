"""How an instrument declares a power that it measures."""

from __future__ import annotations

from typing import TypedDict, Unpack

from joulelab.records import Channel, Scope


class BmcFigures(TypedDict, total=False):
    """What a user may say of a BMC's power, else 1 W steps once a second and 1 W + 5 %."""

    resolution_w: float
    update_period_s: float
    accuracy_absolute_w: float
    accuracy_relative: float


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


def bmc_channel(**figures: Unpack[BmcFigures]) -> Channel:
    """`power` of the node, as its BMC tells it."""
    figures.setdefault("resolution_w", 1.0)
    figures.setdefault("update_period_s", 1.0)
    figures.setdefault("accuracy_absolute_w", 1.0)
    figures.setdefault("accuracy_relative", 0.05)
    return power_channel("power", "node", **figures)
