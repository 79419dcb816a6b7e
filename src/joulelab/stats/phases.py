"""Where the joules of a run went: the shares of its phases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    value: float
    u: float


def phase_shares(energies_j: Mapping[str, float], u_j: Mapping[str, float]) -> dict[str, Share]:
    """Share of each phase in their sum, with first-order uncertainty from the independent parts:
    s = E_i / sum E, u² = ((1 - s)² u_i² + s² sum of the others' u²) / (sum E)². A gain error of the
    instrument cancels, so leave the shared parts out. Unknown phases (NaN) are no part of the sum;
    an unknown uncertainty makes all unknown."""
    known = {name: e for name, e in energies_j.items() if math.isfinite(e)}
    total = sum(known.values())
    if total <= 0:
        return {name: Share(math.nan, math.nan) for name in known}
    squares = {name: u_j.get(name, math.nan) ** 2 for name in known}
    everything = sum(squares.values())
    shares = {}
    for name, energy in known.items():
        s = energy / total
        variance = (1 - s) ** 2 * squares[name] + s**2 * (everything - squares[name])
        shares[name] = Share(s, math.sqrt(variance) / total)
    return shares
