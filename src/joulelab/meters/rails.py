"""The power rails of Jetson boards: what each feeds, and which contain which.

Rail names come from INA3221 drivers and from tegrastats, which prints the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from joulelab.meters.power_channel import power_channel
from joulelab.records import Channel, Scope

TOTALS = ("VIN", "VDD_IN", "POM_5V_IN")
"""The rail that feeds all others, the widest first. VIN (Thor) feeds the carrier board too, VDD_IN
(TX1, TX2, NX, Orin Nano) and POM_5V_IN (Nano) the module only. VIN_SYS_5V0 (AGX) is no total, but
the module's 5 V rail beside others."""

PARTS = {"VDDQ_VDD2_1V8AO": "VIN_SYS_5V0"}
"""Memory of an AGX Orin hangs on its 5 V rail: NVIDIA Jetson Linux Developer Guide r36.4.3, "Software-
based power consumption modeling"."""

CARRIER = frozenset(
    {"VDD_MUX", "VDD_5V0_IO_SYS", "VDD_3V3_SYS", "VDD_3V3_IO_SLP", "VDD_1V8_IO", "VDD_M2_IN"}
)
"""Rails of the TX1 and TX2 developer kits' carrier: beside the module, one behind the other."""

ACCURACY_ABSOLUTE_W = 0.08
ACCURACY_RELATIVE = 0.015
RESOLUTION_W = 0.04

_MEMORY = re.compile(r"DDR|DRAM|VDDR?Q")


def counted(rail: str) -> bool:
    """Whether the rail is connected to anything of the module."""
    return rail != "NC" and bool(rail) and rail not in CARRIER


def declare(
    rails: Sequence[str],
    *,
    accuracy_absolute_w: float = ACCURACY_ABSOLUTE_W,
    accuracy_relative: float = ACCURACY_RELATIVE,
    resolution: float = RESOLUTION_W,
    update_period_s: float = 0.0,
) -> list[Channel]:
    """One power channel a counted rail, in the order given, doubled names once.

    Where a rail of TOTALS is there, it is the board and the others are inside it, each with the
    scope of what it feeds. Where none is, the rails lie beside each other and only their sum is the
    board: all have its scope, so that the headline adds every one of them.

    Accuracy of an INA3221 (TI SBOS576B: offset 80 µV, gains 0.25 % each) on a 5 mΩ, 1 % resistor
    (NVIDIA DG-09840-001, figure 5-14) at 5 V; one step of 40 µV is 8 mA.
    """
    names = list(dict.fromkeys(filter(counted, rails)))
    total = next((rail for rail in TOTALS if rail in names), None)
    return [
        power_channel(
            rail,
            _scope(rail, total, inside),
            resolution_w=resolution,
            update_period_s=update_period_s,
            accuracy_absolute_w=accuracy_absolute_w,
            accuracy_relative=accuracy_relative,
            inside=inside,
        )
        for rail in names
        for inside in [_container(rail, total, names)]
    ]


def _container(rail: str, total: str | None, names: Sequence[str]) -> str | None:
    if rail == total:
        return None
    part_of = PARTS.get(rail)
    return part_of if part_of in names else total


def _scope(rail: str, total: str | None, inside: str | None) -> Scope:
    """Of what the rail feeds; a rail of several units cannot be split and is the chip's."""
    if rail == total or inside is None:
        return "board"
    if _MEMORY.search(rail):
        return "dram"
    units = {"GPU", "CPU", "SOC", "CV", "MSS"}.intersection(rail.split("_"))
    if units == {"GPU"}:
        return "gpu"
    if units == {"CPU"}:
        return "cpu"
    return "soc" if units else "board"
