"""Importance of factors with all their interactions: a forest, taken apart exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from joulelab.analysis.figures.effects import factor_values, response
from joulelab.analysis.figures.spec import Axis, Bars, Drawn, Figure, Floats, Missing, Panel
from joulelab.analysis.figures.study import Study
from joulelab.stats.functional_anova import Importance, Tree, importances
from joulelab.stats.variance_shares import numbers_of, variance_shares

FEWEST = 20
"""Below so many runs a forest learns the runs, not the factors."""
TREES = 64
MOST_FACTORS = 12
MOST_LEVELS = 32
MOST_RUNS = 4000
LEAST_R2 = 0.1
MOST_BARS = 14


def importance(study: Study) -> Drawn:
    name, title = f"importance{study.suffix}", study.title("Importance with interactions")
    wanted = [each for each in study.measures if each.column in (study.energy, study.quality)]
    if not study.factors:
        return Missing(name, title, "All runs are of one configuration: no factor varies.")
    if study.n < FEWEST:
        runs = "1 run is" if study.n == 1 else f"{study.n} runs are"
        told = f"{runs} too few for importances with interactions: a forest needs {FEWEST}."
        return Missing(name, title, told)
    factors = factor_values(study)
    panels: list[Panel] = []
    notes: list[str] = []
    for measure in wanted:
        values, label = response(study, measure)
        codes, levels, names = encoded(strongest(factors, values))
        found = forest_importances(codes, levels, values)
        if isinstance(found, str):
            notes.append(f"Of {measure.label} there are none: {found}.")
        else:
            panels.append(_panel(found, names, label))
    if not panels:
        return Missing(name, title, " ".join(notes) or "No run has a finite energy or quality.")
    caption = (
        "Functional ANOVA of a random forest: share of the variance over all combinations of levels, "
        "run or not; a × b is their interaction alone. Bars: standard deviation over the trees. R² "
        "is that of runs which a tree has not seen."
    )
    many = len(factors)
    cut = (
        f"Of {many} factors the {MOST_FACTORS} that explain most by themselves are in the forest."
        if many > MOST_FACTORS
        else ""
    )
    return Figure(
        name, title, " ".join([caption, *notes]), panels, n=study.n, provenance=study.provenance,
        cut=cut, formula="Importance",
    )  # fmt: skip


def strongest(
    factors: Mapping[str, Sequence[object]], values: Floats
) -> Mapping[str, Sequence[object]]:
    """All factors, or of more than 12 those that alone explain most of (n,) values."""
    if len(factors) <= MOST_FACTORS:
        return factors
    found = variance_shares(values, factors, pairs=0).effects
    names = [each.names[0] for each in found] or list(factors)
    return {name: factors[name] for name in names[:MOST_FACTORS]}


@dataclass(frozen=True)
class Found:
    importances: list[Importance]
    r2: float


def forest_importances(
    codes: npt.NDArray[np.int64], levels: Sequence[int], values: Floats, seed: int = 0
) -> Found | str:
    """Of (n,) values over (n, factors) level codes; a sentence where the forest, judged on the runs
    left out of each tree's sample, explains less than a tenth of the variance."""
    from sklearn.ensemble import RandomForestRegressor

    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) > MOST_RUNS:
        rows = np.random.default_rng(seed).choice(rows, MOST_RUNS, replace=False)
    y = values[rows]
    if len(rows) < FEWEST or float(np.ptp(y)) <= 1e-12 * float(np.abs(y).max(initial=1e-300)):
        return f"{len(rows)} runs have it" if len(rows) < FEWEST else "it does not vary"
    forest = RandomForestRegressor(
        TREES, min_samples_leaf=max(1, len(rows) // 500), max_features=0.7, oob_score=True,
        bootstrap=True, n_jobs=1, random_state=seed,
    )  # fmt: skip
    forest.fit(codes[rows].astype(np.float32), y)
    r2 = float(forest.oob_score_)
    if not r2 >= LEAST_R2:
        return f"a forest predicts runs it has not seen no better than their mean (R² = {r2:.2f})"
    return Found(importances([_tree(each.tree_) for each in forest.estimators_], levels), r2)


def encoded(
    factors: Mapping[str, Sequence[object]],
) -> tuple[npt.NDArray[np.int64], list[int], list[str]]:
    """(n, f) level codes, numbers in their order, texts in the alphabet's. More
    than 32 numbers are put into 32 bins of equal counts."""
    columns, levels, names = [], [], []
    for name, values in factors.items():
        numeric = numbers_of(values)
        if numeric is None:
            codes = np.unique([str(each) for each in values], return_inverse=True)[1]
        else:
            edges = np.unique(numeric)
            if len(edges) > MOST_LEVELS:
                edges = np.unique(np.quantile(numeric, np.linspace(0, 1, MOST_LEVELS + 1)[:-1]))
            codes = np.searchsorted(edges, numeric, "right") - 1
        if int(codes.max(initial=0)) > 0:
            columns.append(codes)
            levels.append(int(codes.max()) + 1)
            names.append(name)
    return np.column_stack(columns).astype(np.int64), levels, names


def _tree(tree: Any) -> Tree:
    return Tree(
        tree.feature, tree.threshold, tree.children_left, tree.children_right, tree.value[:, 0, 0]
    )


def _panel(found: Found, names: Sequence[str], label: str) -> Panel:
    shown = [each for each in found.importances if each.share > 1e-4][:MOST_BARS]
    labels = [
        " × ".join(names[index].rpartition(".")[2] for index in each.factors) for each in shown
    ]
    rest = max(0.0, 1 - sum(each.share for each in found.importances))
    bars = Bars(
        [*labels, "of three and more"], [*(each.share for each in shown), rest],
        "share of the forest's variance", u=[*(each.sd for each in shown), np.nan], colour=1,
    )  # fmt: skip
    axis = Axis("share of the variance", "%", low=0.0)
    return Panel(axis, Axis(""), [bars], title=f"{label}: unseen R² = {found.r2:.2f}")
