"""Power at rest, and what the work used beyond it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from joulelab.meters.energy.integration import Weighed
from joulelab.meters.energy.intervals import IDLE
from joulelab.meters.energy.uncertainty import combine
from joulelab.records import Energy


@dataclass(frozen=True, slots=True)
class Rest:
    """What channels, by id, saw while the machine was idle: before the work, after it, or both.

    `power_w` is the mean over the phases at rest, `drift_w` the standard uncertainty that their
    disagreement brings: rest may have been anything between them, bound |before - after| / 2.
    """

    weighed: Mapping[str, Weighed]
    phases: tuple[str, ...]
    power_w: float
    drift_w: float
    coverage: float

    @classmethod
    def of(cls, weighed: Mapping[str, Weighed]) -> Rest | None:
        """None where there is no phase at rest of which every channel saw something."""
        usable = tuple(name for name in IDLE if weighed and _saw(weighed, name))
        if not usable:
            return None
        parts = [(each, _at(each, usable)) for each in weighed.values()]
        powers = np.sum([each.value_j[at] / each.counted_s[at] for each, at in parts], axis=0)
        return cls(
            weighed,
            usable,
            power_w=float(powers.mean()),
            drift_w=float(np.ptp(powers)) / 2 / math.sqrt(3),
            coverage=min(float(each.coverage[at].min()) for each, at in parts),
        )

    @property
    def u_power_w(self) -> float:
        second = combine(
            {channel_id: self._beyond(each, None, 1.0) for channel_id, each in self.weighed.items()}
        )
        return math.hypot(second.u_j, self.drift_w)

    def dynamic(self, name: str, work: Energy) -> Energy:
        """`work`, which is the sum of these channels over `name`, less rest in the same time.

        A channel's systematic error is one and the same in both: its offset cancels.
        """
        parts = {}
        for channel_id, each in self.weighed.items():
            index = each.names.index(name)
            parts[channel_id] = self._beyond(each, index, float(each.counted_s[index]))
        total = combine(parts)
        return replace(
            total,
            u_independent_j=math.hypot(total.u_independent_j, self.drift_w * work.duration_s),
            coverage=min(work.coverage, self.coverage),
            duration_s=work.duration_s,
            bridged=work.bridged,
        )

    def _beyond(self, weighed: Weighed, work: int | None, seconds: float) -> Energy:
        """One channel's energy of the work (none: 0 J) less that of `seconds` at rest."""
        at = _at(weighed, self.phases)
        weight = seconds / len(at) / weighed.counted_s[at]
        value = -float(weight @ weighed.value_j[at])
        systematic = -float(weight @ weighed.systematic_j[at])
        random_j2 = float(weight**2 @ weighed.random_j2[at])
        if work is not None:
            value += float(weighed.value_j[work])
            systematic += float(weighed.systematic_j[work])
            random_j2 += float(weighed.random_j2[work])
        shared = weighed.channel.shared_fraction
        return Energy(
            value,
            math.sqrt((1 - shared) * systematic**2 + random_j2),
            math.sqrt(shared) * abs(systematic),
            coverage=1.0,
            duration_s=seconds,
            scope=weighed.channel.scope,
            provenance=weighed.channel.provenance,
        )


def _saw(weighed: Mapping[str, Weighed], name: str) -> bool:
    return all(
        name in each.names and each.counted_s[each.names.index(name)] > 0
        for each in weighed.values()
    )


def _at(weighed: Weighed, phases: tuple[str, ...]) -> list[int]:
    return [weighed.names.index(name) for name in phases]
