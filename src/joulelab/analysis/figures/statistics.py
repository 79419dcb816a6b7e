"""All figures of statistics, by topic."""

from __future__ import annotations

from joulelab.analysis.figures.agreement import agreements
from joulelab.analysis.figures.components import principal_components
from joulelab.analysis.figures.correlations import heat_maps
from joulelab.analysis.figures.differences import differences
from joulelab.analysis.figures.distributions import distributions
from joulelab.analysis.figures.effects import effects
from joulelab.analysis.figures.importance import importance
from joulelab.analysis.figures.spec import Drawn
from joulelab.analysis.figures.study import Study


def of_study(study: Study) -> dict[str, list[Drawn]]:
    """Topic -> its figures, each drawn or with the sentence that says why it is not."""
    return {
        "effects": [effects(study), importance(study), differences(study)],
        "distributions": distributions(study),
        "relations": [*heat_maps(study), principal_components(study)],
        "agreement": agreements(study),
    }
