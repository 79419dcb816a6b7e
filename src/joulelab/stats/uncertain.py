"""Points whose coordinates are uncertain, and draws of what they may truly be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from joulelab.stats.front import Bools, Floats

CHUNK = 2_000_000
"""Numbers drawn at a time: 16 MB."""


@dataclass(frozen=True)
class UncertainPoints:
    """(n, k) means with their standard uncertainties (k = 1), each (n, k) or what broadcasts to it.

    `u_independent` is each point's own. `u_shared` is the instrument's: one error, drawn once for
    each instrument and objective, moves all its points together, each by its own `u_shared` (a gain
    error by the same share, an offset by the same amount). `instruments` are (n,) labels; None is
    one instrument for all. `degrees_of_freedom` of `u_independent`, from few repeats; infinite
    where None.
    """

    means: npt.ArrayLike
    u_independent: npt.ArrayLike
    u_shared: npt.ArrayLike = 0.0
    instruments: npt.ArrayLike | None = None
    degrees_of_freedom: npt.ArrayLike | None = None


@dataclass(frozen=True)
class Cloud:
    """The same, as arrays: all (n, k) but `instrument` (n,), whose numbers count from 0."""

    centre: Floats
    own: Floats
    shared: Floats
    instrument: npt.NDArray[np.intp]
    freedom: Floats

    @property
    def known(self) -> Bools:
        """(n,) rows without a NaN; infinite uncertainties are unknown ones too."""
        return np.asarray(
            ~np.isnan(self.centre).any(axis=1)
            & np.isfinite(self.own).all(axis=1)
            & np.isfinite(self.shared).all(axis=1)
        )

    def of(self, rows: npt.NDArray[np.intp]) -> Cloud:
        return replace(
            self,
            centre=self.centre[rows],
            own=self.own[rows],
            shared=self.shared[rows],
            instrument=self.instrument[rows],
            freedom=self.freedom[rows],
        )


def as_cloud(points: UncertainPoints) -> Cloud:
    """ValueError where shapes do not fit, an uncertainty is negative or there are no degrees of
    freedom."""
    centre = np.atleast_2d(np.asarray(points.means, dtype=float))
    shape = centre.shape
    own = np.broadcast_to(np.asarray(points.u_independent, dtype=float), shape)
    shared = np.broadcast_to(np.asarray(points.u_shared, dtype=float), shape)
    if (own < 0).any() or (shared < 0).any():
        raise ValueError("a standard uncertainty is not negative")
    instrument = np.zeros(shape[0], dtype=np.intp)
    if points.instruments is not None:
        labels = np.asarray(points.instruments)
        if labels.shape != shape[:1]:
            raise ValueError(f"{labels.shape} instruments do not fit points of shape {shape}")
        instrument = np.unique(labels.astype(str), return_inverse=True)[1]
    given = np.inf if points.degrees_of_freedom is None else points.degrees_of_freedom
    freedom = np.broadcast_to(np.asarray(given, dtype=float), shape)
    if not (freedom > 0).all():
        raise ValueError("degrees of freedom are positive")
    return Cloud(centre, own, shared, instrument, freedom)


def draws_of(cloud: Cloud, draws: int, seed: int) -> Iterator[Floats]:
    """Chunks (d, n, k) of in all `draws` states of the world: normal errors, Student's t where the
    degrees of freedom are finite (the posterior of a mean under a flat prior; JCGM 101:2008,
    6.4.9)."""
    random = np.random.default_rng(seed)
    n, k = cloud.centre.shape
    instruments = int(cloud.instrument.max(initial=-1)) + 1
    step = max(1, CHUNK // max(1, n * k))
    finite = np.isfinite(cloud.freedom)
    moved = bool(cloud.shared.any())
    for start in range(0, draws, step):
        size = min(step, draws - start)
        errors = random.standard_normal((size, n, k))
        if finite.any():
            errors[:, finite] /= np.sqrt(
                random.chisquare(cloud.freedom[finite], (size, int(finite.sum())))
                / cloud.freedom[finite]
            )
        drawn = cloud.centre + errors * cloud.own
        if moved:
            of_instruments = random.standard_normal((size, instruments, k))
            drawn += of_instruments[:, cloud.instrument] * cloud.shared
        yield drawn
