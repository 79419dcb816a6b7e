"""What a sweep wants, and what it must not overstep: both read from texts a person writes."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from joulelab.errors import ConfigError
from joulelab.records import Metrics
from joulelab.sweeps.history import Direction, Objective

COSTS = ("energy_j", "duration_s")
OF_EVERY_RUN = (*COSTS, "energy_dynamic_j", "memory_bytes/peak", "power_w/mean", "power_w/peak")
LESS = re.compile(
    r"(loss|error|mae|mse|rmse|mape|brier|nll|entropy|perplexity|regret|time|latency|memory|"
    r"energy|joules|cost|size|parameters|flops|_(j|s|w|hz|bytes))(@\S+)?$|^(energy|duration|memory|power)_"
)
MORE = re.compile(
    r"(^|[_/])(acc|accuracy|f1|fbeta|precision|recall|sensitivity|specificity|auc|auroc|auprc|roc_auc|"
    r"pr_auc|ap|map|r2|kappa|mcc|iou|dice|jaccard|hamming|silhouette|nmi|ari|ndcg|psnr|ssim|bleu|score|"
    r"correlation|likelihood)(_(macro|micro|weighted|samples|mean|at_\d+))?$"
)
COMPARISON = re.compile(r"\s*(?P<metric>[^\s<>=]+)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>\S+)\s*")
WORDS: dict[str, Direction] = {
    "min": "minimize",
    "max": "maximize",
    "minimize": "minimize",
    "maximize": "maximize",
}
WHERE = "objectives"
CONSTRAINTS = "sweep.constraints"


@dataclass(frozen=True)
class Constraint:
    """`metric` at most (`<=`) or at least (`>=`) `bound`."""

    metric: str
    sign: Literal["<=", ">="]
    bound: float

    def __str__(self) -> str:
        return f"{self.metric} {self.sign} {self.bound:g}"

    def violation(self, value: float) -> float:
        """By which share of the bound it is overstepped, at most 0 where it holds; in the metric's
        unit for a bound of 0."""
        over = value - self.bound if self.sign == "<=" else self.bound - value
        return over / (abs(self.bound) or 1.0)


def parse(
    texts: Sequence[str], directions: Mapping[str, str] | None = None, cost: str = "energy_j"
) -> tuple[Objective, ...]:
    """Objectives of `val/f1_macro`, `energy_j`, `max:val/x`, `min:val/y`; `directions` (min or max by
    name) wins over the name's own meaning. `cost` names what the budget is counted in.

    ConfigError for none, one named twice, a test metric, or one whose direction nobody can tell.
    """
    if isinstance(texts, str) or not texts:
        raise ConfigError(
            "names no metric", where=WHERE, cure="say objectives=[val/f1_macro,energy_j]"
        )
    named = [_split(str(text)) for text in texts]
    given = {name: _direction_word(name, word) for name, word in (directions or {}).items()}
    names = [name for name, _ in named]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"names {name} twice", where=WHERE)
        if name.startswith("test/"):
            raise ConfigError(
                f"{name} would be fitted to the test data",
                where=WHERE,
                cure=f"optimise val/{name.removeprefix('test/')}",
            )
    for name in given.keys() - set(names):
        raise ConfigError(unknown(name, names, "objective"), where="sweep.directions")
    return tuple(
        Objective(name, given.get(name) or told or direction_of(name), name == cost)
        for name, told in named
    )


def direction_of(name: str) -> Direction:
    """Which way is better, from the name of a metric; ConfigError where it does not say."""
    plain = name.lower()
    if LESS.search(plain):
        return "minimize"
    if MORE.search(plain):
        return "maximize"
    raise ConfigError(
        f"whether more of {name} is better is not in its name",
        where=WHERE,
        cure=f"say max:{name} or min:{name}",
    )


def parse_constraints(texts: Sequence[str]) -> tuple[Constraint, ...]:
    """Constraints of texts such as `memory_bytes/peak <= 5e9`; ConfigError for any other form, and
    for two of the same kind on one metric."""
    found: dict[tuple[str, str], Constraint] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        match = COMPARISON.fullmatch(str(text))
        if match is None:
            raise ConfigError(
                f"{text!r} is no constraint", where=CONSTRAINTS, cure="say 'power_w/peak <= 80'"
            )
        try:
            bound = float(match["bound"])
        except ValueError:
            bound = math.nan
        if not math.isfinite(bound):
            raise ConfigError(f"{match['bound']!r} in {text!r} is not a number", where=CONSTRAINTS)
        sign: Literal["<=", ">="] = "<=" if match["sign"].startswith("<") else ">="
        constraint = Constraint(match["metric"], sign, bound)
        if (constraint.metric, sign) in found:
            raise ConfigError(f"bounds {constraint.metric} twice", where=CONSTRAINTS)
        found[constraint.metric, sign] = constraint
    return tuple(found.values())


def check_logged(names: Collection[str], logged: Collection[str], where: str = WHERE) -> None:
    """ConfigError for a name that a finished run, which logged `logged`, did not log."""
    for name in names:
        if name not in logged:
            raise ConfigError(unknown(name, logged, "metric"), where=where)


def violations(constraints: Sequence[Constraint], metrics: Metrics) -> dict[Constraint, float]:
    """Of each constraint whose metric is known and not NaN."""
    return {
        each: each.violation(metrics[each.metric])
        for each in constraints
        if not math.isnan(metrics.get(each.metric, math.nan))
    }


def unknown(name: str, known: Collection[str], what: str) -> str:
    near = difflib.get_close_matches(name, [str(each) for each in known], 1, 0.4)
    return f"there is no {what} {name}" + (f", did you mean {near[0]}?" if near else "")


def _split(text: str) -> tuple[str, Direction | None]:
    word, colon, name = text.partition(":")
    if not colon:
        return text.strip(), None
    return name.strip(), _direction_word(name.strip(), word)


def _direction_word(name: str, word: str) -> Direction:
    direction = WORDS.get(str(word).strip().lower())
    if direction is None or not name:
        raise ConfigError(
            f"{word!r} is no direction of {name or 'nothing'}", where=WHERE, cure="say min or max"
        )
    return direction
