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
# Of a variance, below which it is rounding.
LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Seen:
    """Points of curves, one after the other: `curve` (n,) index of each, `places` (u,) and `at` (n,)
    its position along the steps. The models are given all of them: where one were wrong about a
    point and never told, the same configuration would be tried again and again."""

    curve: npt.NDArray[np.intp]
    steps: Floats
    costs: Floats
    losses: Floats
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
            places,
            at,
        )

    def rows(self, features: Floats, owner: npt.NDArray[np.intp], scale: Floats) -> Rows:
        """`features` (curves, p), `scale` (n,)."""
        return Rows(features[self.curve], owner, self.places, self.at, scale)

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
        self._loss = CurveModel(kernels.loss, rows, warp.forward(seen.losses))
        rows = seen.rows(self._features, embedding.owner, np.ones_like(scale))
        self._cost = CurveModel(kernels.cost, rows, seen.log_cost_per_step)
        self._places = rungs.positions(rungs.steps)
        self.losses = self._smoothed()
        self.grid = cost_grid(float(seen.costs.min()), problem.cost_reference)
        allowed = np.array([curve.feasible for curve in self.curves])[seen.curve]
        self._counted = np.flatnonzero(allowed)
        self.best = front_on_grid(self.grid, *self._front_points(), problem.reference)

    def _front_points(self) -> tuple[Floats, Floats]:
        return np.log10(self._seen.costs[self._counted]), self.losses[self._counted]

    def _smoothed(self) -> Floats:
        """(n,) posterior loss at every point seen, so that a lucky value does not make the front."""
        return self.warp.inverse(self._loss.at_rows())

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

    def with_news(self, curve: Curve) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """(1, k) warped mean and sd at every rung of a curve that is not among `curves`: before and
        after its points are seen."""
        seen = self.rungs.positions(curve.steps)
        places = np.append(self._places, seen)
        mean, joint, noise = self._loss.joint(
            self.embedding.features(np.array([curve.unit])), places
        )
        count = len(self._places)
        values = self.warp.forward(curve.losses)
        level = noise * self.warp.slope(curve.losses) ** 2 + LEAST_SHARE * joint.diagonal().max()
        gain = np.linalg.solve(joint[count:, count:] + np.diag(level), joint[count:, :count]).T
        after = mean[:count] + gain @ (values - mean[count:])
        left = joint.diagonal()[:count] - np.einsum("ij,ji->i", gain, joint[count:, :count])
        least = LEAST_SHARE * joint.diagonal().max()
        sds = [np.sqrt(np.maximum(each, least)) for each in (joint.diagonal()[:count], left)]
        return (mean[None, :count], sds[0][None]), (after[None], sds[1][None])

    def log_costs_at(self, units: Floats) -> tuple[Floats, Floats]:
        """(n, k) mean and sd of log10 of the cost up to every rung, the mean rising along k."""
        mean, sd = self._cost.predict(self.embedding.features(units), self._places)
        total = mean + np.log10(np.asarray(self.rungs.steps, dtype=float))
        return np.maximum.accumulate(total, axis=1), sd

    def log_cost_early(self, units: Floats) -> Floats:
        """(n,) log10 cost up to the second rung."""
        place = self._places[min(1, len(self.rungs) - 1)]
        return self._cost.mean(self.embedding.features(units), place)

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
