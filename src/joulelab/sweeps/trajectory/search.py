"""The best new run or resumed one, among candidates that are refined round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.trajectory.appraisal import Appraisal
from joulelab.sweeps.trajectory.belief import Belief
from joulelab.sweeps.trajectory.candidates import (
    PARENT_SDS,
    REFINE_SDS,
    TOP,
    children,
    scattered,
    spread_by,
)
from joulelab.sweeps.trajectory.curves import Curve

Floats = npt.NDArray[np.float64]
UNIFORM, SPREAD, SPREAD_FROM, NEAR_FRONT = 150, 80, 500, 130
REFINED, CHILDREN = 8, 8
MOST_PAUSED = 40


@dataclass(frozen=True)
class Way:
    """To go on: a new configuration (`unit`) or a paused run (`number`), best up to `rung`."""

    score: float
    rung: int
    unit: Floats | None = None
    number: int | None = None


def best_rungs(scores: Floats) -> tuple[Floats, npt.NDArray[np.intp]]:
    rungs = scores.argmax(axis=1)
    return scores[np.arange(len(scores)), rungs], rungs


def new_ways(
    belief: Belief,
    appraisal: Appraisal,
    categorical: npt.NDArray[np.bool_],
    random: np.random.Generator,
) -> list[Way]:
    """All candidates, best first."""
    units = _first_candidates(belief, categorical, random)
    scores, rungs = best_rungs(appraisal.of_new(units))
    for sd in REFINE_SDS:
        leaders = np.argsort(-scores, kind="stable")[:REFINED]
        more = belief.embedding.canonical(
            children(units[leaders], REFINED * CHILDREN, (sd,), categorical, random)
        )
        more_scores, more_rungs = best_rungs(appraisal.of_new(more))
        units = np.concatenate([units, more])
        scores, rungs = np.append(scores, more_scores), np.append(rungs, more_rungs)
    order = np.argsort(-scores, kind="stable")
    return [Way(float(scores[i]), int(rungs[i]), unit=units[i]) for i in order]


def _first_candidates(
    belief: Belief, categorical: npt.NDArray[np.bool_], random: np.random.Generator
) -> Floats:
    canonical = belief.embedding.canonical
    uniform = scattered(UNIFORM, categorical, random)
    pool = scattered(SPREAD_FROM, categorical, random)
    # Uniform points hardly ever lie in the cheap corner, where half of the log-cost axis is.
    cheap_first = belief.log_cost_early(pool)
    parts = [uniform, pool[spread_by(cheap_first, SPREAD)]]
    owners = set(belief.front_owners())
    parents = [curve.unit for curve in belief.curves if curve.number in owners]
    if parents:
        near = children(np.array(parents), NEAR_FRONT, PARENT_SDS, categorical, random)
        parts.append(near)
    return canonical(np.minimum(np.concatenate(parts), TOP))


def resumed_ways(
    belief: Belief, appraisal: Appraisal, paused: Sequence[Curve], start: float
) -> list[Way]:
    """Paused runs, best first; of many, owners of the front and then the newest."""
    if not paused:
        return []
    owners = set(belief.front_owners())
    ranked = sorted(paused, key=lambda curve: (curve.number not in owners, -curve.number))
    ranked = ranked[:MOST_PAUSED]
    scores, rungs = best_rungs(appraisal.of_curves(ranked, start))
    ways = [
        Way(float(score), int(rung), number=curve.number)
        for curve, score, rung in zip(ranked, scores, rungs, strict=True)
    ]
    return sorted(ways, key=lambda way: -way.score)
