"""All figures of statistics, by topic."""

from __future__ import annotations

from joulelab.analysis.configurations import Comparison
from joulelab.analysis.figures.agreement import agreements
from joulelab.analysis.figures.components import principal_components
from joulelab.analysis.figures.correlations import heat_maps
from joulelab.analysis.figures.differences import differences
from joulelab.analysis.figures.distributions import distributions
from joulelab.analysis.figures.effects import effects
from joulelab.analysis.figures.importance import importance
from joulelab.analysis.figures.spec import Drawn
from joulelab.analysis.figures.study import Study

TOPICS = ("distributions", "effects", "differences", "correlations", "components", "agreement")


def of_study(study: Study) -> dict[str, list[Drawn]]:
    """Topic -> its figures, each drawn or with the sentence that says why it is not."""
    return {
        "distributions": distributions(study),
        "effects": [effects(study), importance(study)],
        "differences": [differences(study)],
        "correlations": heat_maps(study),
        "components": [principal_components(study)],
        "agreement": agreements(study),
    }


def of_comparison(comparison: Comparison, suffix: str = "") -> dict[str, list[Drawn]]:
    from joulelab.analysis.figures.frugality import frugality
    from joulelab.analysis.figures.trade_offs import marginal

    return {
        "trade_off": [marginal(comparison, f"marginal{suffix}")],
        "frugality": [frugality(comparison, f"frugality{suffix}")],
    }
