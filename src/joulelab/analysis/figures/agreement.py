"""Two instruments over all runs that both saw: the line between them, how far they lie apart, and
whether either tells more than the time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from joulelab.analysis.figures.fronts import provenance
from joulelab.analysis.figures.spec import (
    Axis,
    Drawn,
    Figure,
    Floats,
    Line,
    Mark,
    Missing,
    Panel,
    Points,
    Reference,
)
from joulelab.analysis.figures.study import Study, ended, numbers
from joulelab.stats.agreement import Fit, deming, least_squares
from joulelab.stats.bland_altman import Limits, bland_altman
from joulelab.stats.clock import clock
from joulelab.stats.correlation import coefficient, fisher_interval
from joulelab.stats.front import Bools
from joulelab.units import plus_minus

MOST_PAIRS = 3
LEVERAGE = 3.0
"""Runs with more than this many times the mean leverage bend a line by themselves (Belsley, Kuh and
Welsch, Regression Diagnostics, 1980, from 2 on)."""


TREND = 0.3
LINES = (0, 1, 4, 5)
"""Colours far from those of the points."""


@dataclass(frozen=True)
class Pair:
    """Joules of both, in every finished run that both saw, and its duration."""

    a: str
    b: str
    x: Floats
    y: Floats
    seconds: Floats

    @property
    def zeros(self) -> Bools:
        return np.asarray((self.x == 0) | (self.y == 0))

    @property
    def leverage(self) -> Bools:
        """Runs that bend the line by themselves."""
        dx = self.x - self.x.mean()
        spread = float(dx @ dx)
        mean = 2 / len(self.x)
        return np.asarray(1 / len(self.x) + dx**2 / (spread or 1.0) > LEVERAGE * mean)


def agreements(study: Study) -> list[Drawn]:
    """One figure for each pair of instruments, the three with most runs."""
    title = study.title("Agreement of instruments")
    if len(study.instruments) < 2:
        told = "Only one instrument weighed whole runs: there is none to set against it."
        if not study.instruments:
            told = (
                "No instrument's own joules of whole runs are known: there is nothing to compare."
            )
        return [Missing(f"agreement{study.suffix}", title, told)]
    pairs = [_pair(study, a, b) for a, b in combinations(study.instruments, 2)]
    pairs = sorted(pairs, key=lambda each: -len(each.x))[:MOST_PAIRS]
    return [
        _figure(study, pair, f"agreement{study.suffix}" + (f"_{number}" if number > 1 else ""))
        for number, pair in enumerate(pairs, 1)
    ]


def _pair(study: Study, a: str, b: str) -> Pair:
    # Runs that were left out for a zero are what this figure is about.
    rows = study.everything if study.everything is not None else study.rows
    if "status" in rows:
        rows = ended(rows)
    x, y = (numbers(rows, study.instruments[label]) for label in (a, b))
    both = np.isfinite(x) & np.isfinite(y)
    return Pair(a, b, x[both], y[both], numbers(rows, "duration_s")[both])


def _figure(study: Study, pair: Pair, name: str) -> Drawn:
    title = study.title(f"{pair.b} against {pair.a}")
    n = len(pair.x)
    if n < 3:
        told = f"{n} run{'' if n == 1 else 's'} saw both {pair.a} and {pair.b}: a line needs 3."
        return Missing(name, title, told)
    if not (np.ptp(pair.x) > 0 and np.ptp(pair.y) > 0):
        flat = pair.a if np.ptp(pair.x) == 0 else pair.b
        return Missing(name, title, f"{flat} is the same in all {n} runs: there is no line.")
    panels = [_lines(pair)]
    positive = (pair.x > 0) & (pair.y > 0)
    limits = bland_altman(pair.x, pair.y, ratio=int(positive.sum()) >= 3)
    if limits.n >= 3:
        panels.append(_limits(pair, limits))
    if (np.isfinite(pair.seconds) & (pair.seconds > 0)).sum() >= 3:
        panels.append(_powers(pair))
    return Figure(
        name, title, " ".join(_told(pair, limits)), panels, n=n,
        provenance=provenance(study.rows), formula="Agreement of instruments",
    )  # fmt: skip


def fits(pair: Pair) -> list[tuple[str, Fit]]:
    """Least squares over all runs, then without what may bend it, then with errors in both."""
    found = [("all runs", least_squares(pair.x, pair.y))]
    zeros, heavy = pair.zeros, pair.leverage
    if zeros.any() and (~zeros).sum() >= 3:
        found.append(
            (f"without {zeros.sum()} zeros", least_squares(pair.x[~zeros], pair.y[~zeros]))
        )
    if heavy.any() and (~heavy).sum() >= 3:
        label = f"without the {heavy.sum()} of most leverage"
        found.append((label, least_squares(pair.x[~heavy], pair.y[~heavy])))
    found.append(("Deming, equal errors", deming(pair.x, pair.y)))
    return [(label, fit) for label, fit in found if np.isfinite(fit.slope)]


def _lines(pair: Pair) -> Panel:
    zeros = pair.zeros
    marks: list[Mark] = [Points(pair.x[~zeros], pair.y[~zeros], "runs", size=5.0, colour="muted")]
    if zeros.any():
        marks.append(
            Points(pair.x[zeros], pair.y[zeros], f"exactly 0 J ({zeros.sum()})", size=5.0,
                   colour="warning")
        )  # fmt: skip
    for (label, fit), colour in zip(fits(pair), LINES, strict=False):
        ends = np.array([0.0, float(pair.x.max())])
        marks.append(Line(ends, fit.offset + fit.slope * ends, label, colour=colour))
    return Panel(Axis(pair.a, "J"), Axis(pair.b, "J"), marks, title="Every run")


def _limits(pair: Pair, limits: Limits) -> Panel:
    kind = "ratio" if limits.ratio else "difference"
    label = f"{pair.b} / {pair.a}" if limits.ratio else f"{pair.b} - {pair.a}"
    marks: list[Mark] = [
        Points(limits.means, limits.differences, kind, size=5.0, colour="muted"),
        Reference(limits.bias, "y", f"mean {limits.bias:.3g}", "strong"),
        Reference(limits.low, "y", f"{limits.low:.3g}", "warning"),
        Reference(limits.high, "y", f"{limits.high:.3g}", "warning"),
    ]
    wide = float(limits.means.min()) > 0 and limits.means.max() > 3 * limits.means.min()
    mean = "geometric mean of both" if limits.ratio else "mean of both"
    return Panel(
        Axis(mean, "J", "log" if wide else "linear"),
        Axis(label, "" if limits.ratio else "J"), marks,
        title="Bland-Altman: 95 % lie between the limits",
    )  # fmt: skip


def _powers(pair: Pair) -> Panel:
    known = np.isfinite(pair.seconds) & (pair.seconds > 0)
    seconds = pair.seconds[known]
    marks: list[Mark] = [
        Points(seconds, joules[known] / seconds, label, size=4.0)
        for label, joules in ((pair.a, pair.x), (pair.b, pair.y))
    ]
    wide = float(seconds.max()) > 3 * float(seconds.min())
    return Panel(
        Axis("duration", "s", "log" if wide else "linear"), Axis("mean power", "W"), marks,
        title="Power, or only a clock?",
    )  # fmt: skip


def _told(pair: Pair, limits: Limits) -> list[str]:
    n, r = len(pair.x), coefficient(pair.x, pair.y)
    low, high = fisher_interval(r, n)
    told = [f"r = {r:.4f} [{low:.4f}, {high:.4f}]."]
    lines = [
        f"{label}: {pair.b} = {plus_minus(fit.offset, fit.u_offset, 'J')} + "
        f"{_plain(fit.slope, fit.u_slope)} × {pair.a}"
        for label, fit in fits(pair)
    ]
    told.append("; ".join(lines) + ".")
    if limits.n >= 3 and limits.ratio:
        told.append(
            f"{pair.b} is {limits.bias:.3g} times {pair.a} in the middle, 95 % of runs between "
            f"{limits.low:.3g} and {limits.high:.3g} times (n = {limits.n})."
        )
        trend = coefficient(limits.means, limits.differences, "spearman")
        if abs(trend) > TREND:
            way = "rises" if trend > 0 else "falls"
            told.append(
                f"The ratio {way} with the energy (Spearman {trend:.2f}): no factor fits all."
            )
    told += clocks(pair)
    return told


def _plain(value: float, u: float) -> str:
    """Without a prefix: a slope is no quantity."""
    if not 0 < u < math.inf:
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(u)))
    return f"{value:.{digits}f} ± {u:.{digits}f}"


def clocks(pair: Pair) -> list[str]:
    """Which of both tells nothing but the time."""
    told = []
    for label, joules in ((pair.a, pair.x), (pair.b, pair.y)):
        found = clock(joules, pair.seconds)
        if found.is_clock:
            told.append(
                f"{label} is a clock here: {found.mean_w:.3g} ± {found.sd_w:.2g} W whatever ran, r = "
                f"{found.r:.5f} with the duration; it tells nothing that the duration does not."
            )
    return told
