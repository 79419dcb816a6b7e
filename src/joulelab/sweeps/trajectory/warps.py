"""Scales on which a loss is modelled as Gaussian.

Losses come here shifted by the ideal (0 = cannot be better), with `reference` the loss beyond which
nothing counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float64]
ROOT_TAU = float(np.sqrt(2 * np.pi))
# A loss that is this share of the reference is as good as none: keeps the logarithm finite.
FLOOR_SHARE = 0.02


class Warp(Protocol):
    def forward(self, loss: Floats) -> Floats: ...
    def inverse(self, warped: Floats) -> Floats: ...
    def slope(self, loss: Floats) -> Floats:
        """d forward / d loss, relative to its value at the reference: scales a noise level."""
        ...

    def improvement(self, best: Floats, mean: Floats, sd: Floats) -> Floats:
        """E[max(best - max(loss, 0), 0)] of a loss that is N(mean, sd^2) on this scale; best (on
        the scale of losses) is at most the reference."""
        ...


def _density(u: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * u * u) / ROOT_TAU
    return density


def _hinge(u: Floats) -> Floats:
    """E[max(u - z, 0)] of a standard normal z."""
    value: Floats = u * ndtr(u) + _density(u)
    return value


@dataclass(frozen=True)
class HypervolumeWarp:
    """loss / reference below the reference, 1 + ln of it above: linear where hypervolume counts,
    compressed where it does not, with a continuous first derivative."""

    reference: float

    def forward(self, loss: Floats) -> Floats:
        share = loss / self.reference
        return np.where(share < 1, share, 1 + np.log(np.maximum(share, 1)))

    def inverse(self, warped: Floats) -> Floats:
        above = np.exp(np.clip(warped - 1, 0, 50))
        return np.maximum(self.reference * np.where(warped < 1, warped, above), 0.0)

    def slope(self, loss: Floats) -> Floats:
        return 1 / np.maximum(loss / self.reference, 1)

    def improvement(self, best: Floats, mean: Floats, sd: Floats) -> Floats:
        hinged = _hinge((best / self.reference - mean) / sd) - _hinge(-mean / sd)
        return np.maximum(self.reference * sd * hinged, 0.0)


@dataclass(frozen=True)
class LogWarp:
    reference: float

    def _floored(self, loss: Floats) -> Floats:
        return np.maximum(loss, FLOOR_SHARE * self.reference)

    def forward(self, loss: Floats) -> Floats:
        return np.asarray(np.log(self._floored(loss)))

    def inverse(self, warped: Floats) -> Floats:
        return np.asarray(np.exp(np.minimum(warped, 700)))

    def slope(self, loss: Floats) -> Floats:
        slope: Floats = self.reference / self._floored(loss)
        return slope

    def improvement(self, best: Floats, mean: Floats, sd: Floats) -> Floats:
        u = (np.log(np.maximum(best, 1e-30)) - mean) / sd
        loss_below = np.exp(np.minimum(mean + 0.5 * sd * sd, 80)) * ndtr(u - sd)
        gained: Floats = np.maximum(best * ndtr(u) - loss_below, 0.0)
        return gained
