"""Which of the series that a selector matches are one instrument's, each counted once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from joulelab.errors import ConfigError
from joulelab.meters.databases.prometheus_api import Labels, selector
from joulelab.meters.databases.prometheus_presets import Quantity
from joulelab.meters.rapl_zones import MIRROR_TOLERANCE_UJ


class Found(NamedTuple):
    """A series that is being scraped, and its last value as it stands."""

    labels: Labels
    quantity: Quantity
    value: float


def check_one_machine(found: Sequence[Found], where: str) -> None:
    for label in ("instance", "Hostname", "node_name"):
        machines = sorted({each.labels.get(label, "") for each in found})
        if len(machines) > 1:
            raise ConfigError(
                f"series of {len(machines)} machines match: {', '.join(machines)}",
                where=where,
                cure=f"choose one with {where}.{label}=...",
            )


def check_distinct(found: Sequence[Found], repeats: bool, where: str) -> None:
    """Two series of one name are one counter only where the exporter is known to repeat itself."""
    by_name: dict[str, list[Found]] = {}
    for each in found:
        by_name.setdefault(each.quantity.name, []).append(each)
    for name, same in by_name.items():
        values = [each.value for each in same]
        alike = max(values) - min(values) <= 1e-3 * abs(max(values))
        if len(same) > 1 and not (repeats and alike):
            raise ConfigError(
                f"{len(same)} series of {name} match: {differences(same)}",
                where=where,
                cure="name the labels of one of them",
            )


def counted_once(found: Iterable[Found]) -> list[Found]:
    """Without dies of one socket that show one counter (EPYC), and without a psys that no wire
    reaches: it shows 0."""
    kept: list[Found] = []
    for each in found:
        socket, die, _ = each.quantity.name.partition("-die-")
        mirrored = die and any(
            other.quantity.name.startswith(f"{socket}-die-")
            and other.quantity.name != each.quantity.name
            and abs(other.value - each.value) * 1e6 < MIRROR_TOLERANCE_UJ
            for other in kept
        )
        if not mirrored and not (each.quantity.name == "psys" and each.value == 0):
            kept.append(each)
    return kept


def differences(found: Sequence[Found]) -> str:
    """The labels in which they differ, as one would write them."""
    names = sorted({name for each in found for name in each.labels})
    varying = [name for name in names if len({each.labels.get(name) for each in found}) > 1]
    return " ".join(
        selector({name: each.labels.get(name) for name in varying}) for each in found[:8]
    )
