"""What is believed of every curve: a model of loss and one of cost, and the front that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.trajectory.curves import Curve
from joulelab.sweeps.trajectory.embedding import Embedding
from joulelab.sweeps.trajectory.feasibility import Feasibility, ended
from joulelab.sweeps.trajectory.gain import cost_grid, front_on_grid, owners_on_grid
from joulelab.sweeps.trajectory.kernel import Kernel, Rows
from joulelab.sweeps.trajectory.model import CurveModel
from joulelab.sweeps.trajectory.problem import Problem
from joulelab.sweeps.trajectory.rungs import Rungs
from joulelab.sweeps.trajectory.warps import Warp

Floats = npt.NDArray[np.float64]
# A task is hard while its best loss is more than this share of the reference.
HARD_SHARE = 0.5
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Seen:
    """Points of curves, one after the other: `curve` (n,) index of each, `given` (n,) whether the
    models are conditioned on it, `places` (u,) and `at` (n,) its position along the steps."""

    curve: npt.NDArray[np.intp]
    steps: Floats
    costs: Floats
    losses: Floats
    given: Bools
    places: Floats
    at: npt.NDArray[np.intp]

    @classmethod
    def of(cls, curves: Sequence[Curve], rungs: Rungs) -> Seen:
        steps = np.concatenate([curve.steps for curve in curves])
        # Runs that report at odd steps would each bring a position of their own.
        places, at = np.unique(np.round(rungs.positions(steps), 2), return_inverse=True)
        return cls(
            np.repeat(np.arange(len(curves)), [len(curve) for curve in curves]),
            steps,
            np.concatenate([curve.costs for curve in curves]),
            np.concatenate([curve.losses for curve in curves]),
            np.concatenate([curve.conditioned() for curve in curves]),
            places,
            at,
        )

    def rows(self, features: Floats, owner: npt.NDArray[np.intp], scale: Floats) -> Rows:
        """Of the points that are given; `features` (curves, p), `scale` (n,)."""
        given = self.given
        return Rows(features[self.curve[given]], owner, self.places, self.at[given], scale[given])

    @property
    def log_cost_per_step(self) -> Floats:
        return np.asarray(np.log10(self.costs / self.steps))


@dataclass(frozen=True)
class Kernels:
    """`feasible`: None while every run is."""

    loss: Kernel
    cost: Kernel
    feasible: Kernel | None = None


class Belief:
    """Posterior given `curves`, at least one of them with a point."""

    def __init__(
        self,
        problem: Problem,
        warp: Warp,
        curves: Sequence[Curve],
        rungs: Rungs,
        embedding: Embedding,
        kernels: Kernels,
    ) -> None:
        self.problem, self.warp, self.rungs = problem, warp, rungs
        self.kernels, self.embedding = kernels, embedding
        self.curves = [curve for curve in curves if len(curve)]
        self._silent = [curve for curve in curves if not len(curve)]
        self.units = np.array([curve.unit for curve in self.curves])
        self._features = embedding.features(self.units)
        self._seen = seen = Seen.of(self.curves, rungs)
        scale = warp.slope(seen.losses) ** 2
        rows = seen.rows(self._features, embedding.owner, scale)
        self._loss = CurveModel(kernels.loss, rows, warp.forward(seen.losses)[seen.given])
        rows = seen.rows(self._features, embedding.owner, np.ones_like(scale))
        self._cost = CurveModel(kernels.cost, rows, seen.log_cost_per_step[seen.given])
        self._places = rungs.positions(rungs.steps)
        self.losses = self._smoothed(scale)
        self.grid = cost_grid(float(seen.costs.min()), problem.cost_reference)
        allowed = np.array([curve.feasible for curve in self.curves])[seen.curve]
        self._counted = np.flatnonzero(allowed)
        self.best = front_on_grid(self.grid, *self._front_points(), problem.reference)

    def _front_points(self) -> tuple[Floats, Floats]:
        return np.log10(self._seen.costs[self._counted]), self.losses[self._counted]

    def _smoothed(self, scale: Floats) -> Floats:
        """(n,) posterior loss at every point seen, so that a lucky value does not make the front.
        Points the model was not given are weighed in one by one, by their noise."""
        seen = self._seen
        mean, sd = self._loss.predict(self._features, seen.places)
        mean, variance = mean[seen.curve, seen.at], sd[seen.curve, seen.at] ** 2
        noise = self._loss.noise_variance(seen.places)[seen.at] * scale
        trust = np.where(seen.given, 0.0, variance / (variance + noise))
        return self.warp.inverse(mean + trust * (self.warp.forward(seen.losses) - mean))

    @property
    def hard(self) -> bool:
        """Nothing found so far is much better than the reference."""
        return bool(self.best[-1] > HARD_SHARE * self.problem.reference)

    def front_owners(self) -> list[int]:
        """Numbers of the runs that own a part of the front, each once, cheapest part first."""
        log_costs, losses = self._front_points()
        owners = owners_on_grid(self.grid, log_costs, losses, self.problem.reference)
        owners = owners[np.argsort(log_costs[owners], kind="stable")]
        curves = [self.curves[self._seen.curve[self._counted[i]]] for i in owners]
        return list(dict.fromkeys(curve.number for curve in curves))

    def losses_at(self, units: Floats) -> tuple[Floats, Floats]:
        """(n, k) warped mean and sd at every rung."""
        return self._loss.predict(self.embedding.features(units), self._places)

    def log_costs_at(self, units: Floats) -> tuple[Floats, Floats]:
        """(n, k) mean and sd of log10 of the cost up to every rung, rising along k."""
        mean, sd = self._cost.predict(self.embedding.features(units), self._places)
        total = mean + np.log10(np.asarray(self.rungs.steps, dtype=float))
        return np.maximum.accumulate(total, axis=1), sd

    def log_cost_early(self, units: Floats) -> Floats:
        """(n,) log10 cost up to the second rung."""
        place = min(1, len(self.rungs) - 1)
        features = self.embedding.features(units)
        mean, _ = self._cost.predict(features, self._places[place : place + 1])
        return mean[:, 0]

    def likely_feasible(self, units: Floats) -> Floats:
        """(n,) probability that a run neither fails nor breaks a constraint."""
        if self.kernels.feasible is None:
            return np.ones(len(units))
        known = ended([*self.curves, *self._silent])
        return Feasibility(known, self.embedding, self.kernels.feasible).probability(units)

    def with_pending(self, number: int | None = None) -> Belief:
        """As if every running run (but `number`) had arrived where it was sent, exactly as
        predicted: its neighbours then promise little news (kriging believer: Ginsbourger, Le Riche
        and Carraro 2010)."""
        curves = self.curves + self._silent
        extended = [curve if curve.number == number else self._arrived(curve) for curve in curves]
        if all(a is b for a, b in zip(extended, curves, strict=True)):
            return self
        return Belief(self.problem, self.warp, extended, self.rungs, self.embedding, self.kernels)

    def _arrived(self, curve: Curve) -> Curve:
        ahead = [
            k for k, step in enumerate(self.rungs.steps) if curve.last_step < step <= curve.planned
        ]
        if not ahead:
            return curve
        unit = np.array([curve.unit])
        losses = self.warp.inverse(self.losses_at(unit)[0][0, ahead])
        costs = np.maximum(10 ** self.log_costs_at(unit)[0][0, ahead], curve.paid)
        steps = np.asarray(self.rungs.steps, dtype=float)[ahead]
        return replace(
            curve,
            steps=np.append(curve.steps, steps),
            costs=np.append(curve.costs, costs),
            losses=np.append(curve.losses, losses),
        )
