"""Which figures and numeric factors move together: coefficients and covariance as heat maps."""

from __future__ import annotations

import math

import numpy as np

from joulelab.analysis.figures.spec import Axis, Drawn, Figure, Floats, HeatMap, Missing, Panel
from joulelab.analysis.figures.study import Study, columns_of, listed
from joulelab.stats.correlation import Correlations, correlations
from joulelab.stats.multiple import adjusted

FEWEST = 4
"""Fewer runs have no interval."""
MOST_GROUPS = 4
CAPTION = (
    "From -1 (one falls as the other rises) to 1; empty where a column does not vary. Hovering shows "
    "the 95 % interval (Fisher's z), n, and p after Holm."
)


def heat_maps(study: Study) -> list[Drawn]:
    """Pearson and Spearman over all runs, Pearson for each level of the first factor, covariance."""
    names, table, flat = _columns(study)
    title = study.title("Correlations")
    why = _why_not(study, names, table)
    if why:
        return [
            Missing(f"correlations{study.suffix}", title, why),
            Missing(f"covariance{study.suffix}", study.title("Covariance"), why),
        ]
    of_flat = f" Without variance, so left out: {listed(flat)}." if flat else ""
    found: list[Drawn] = [
        Figure(
            f"correlations{study.suffix}", title, CAPTION + of_flat,
            [
                _panel(names, correlations(table, "pearson"), "Pearson, linear"),
                _panel(names, correlations(table, "spearman"), "Spearman, of ranks"),
            ],
            n=study.n, provenance=study.provenance, formula="Correlation and covariance",
        )
    ]  # fmt: skip
    found += _by_group(study, names, table)
    found.append(_covariance(study, names, table))
    return found


def _by_group(study: Study, names: list[str], table: Floats) -> list[Drawn]:
    groups = study.groupings()
    if not groups:
        return []
    factor = groups[0]
    panels: list[Panel] = []
    few: list[str] = []
    # Within a level the factor itself does not vary.
    others = [index for index, each in enumerate(names) if each != factor.rpartition(".")[2]]
    names, table = [names[index] for index in others], table[:, others]
    for level, rows in study.levels(factor).items():
        if int(rows.sum()) < FEWEST:
            few.append(level)
        elif len(panels) < MOST_GROUPS:
            part = correlations(table[rows])
            panels.append(_panel(names, part, f"{level}, {int(rows.sum())} runs"))
    name, title = f"correlations_by{study.suffix}", study.title(f"Correlations within {factor}")
    if not panels:
        told = f"No level of {factor} has the {FEWEST} runs that a correlation needs."
        return [Missing(name, title, told)]
    caption = "Pearson's coefficient within each level: what is left once the level is fixed."
    if few:
        caption += f" Fewer than {FEWEST} runs: {listed(few)}."
    count = len(study.levels(factor))
    cut = f"{len(panels)} of {count} levels are drawn." if len(panels) < count - len(few) else ""
    return [
        Figure(
            name, title, caption, panels, n=study.n, provenance=study.provenance, cut=cut,
            formula="Correlation and covariance",
        )
    ]  # fmt: skip


def _covariance(study: Study, names: list[str], table: Floats) -> Drawn:
    raw = correlations(table).covariance
    means = np.nanmean(table, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = raw / np.abs(np.outer(means, means))
    relative[~np.isfinite(relative)] = math.nan
    largest = float(np.nanmax(np.abs(relative), initial=1e-12))
    text = [[f"{a} × {b}<br>covariance {raw[i, j]:.4g} in SI units" for j, b in enumerate(names)]
            for i, a in enumerate(names)]  # fmt: skip
    digits = 2 if largest >= 1 else min(2 - math.floor(math.log10(largest)), 6)
    cells = HeatMap(names, names, relative, -largest, largest, "over the means", True, digits, text)
    caption = (
        "Sample covariance over the product of both means, so that units drop out: 0.01 on the "
        "diagonal is a scatter of 10 %. Hovering shows it in SI units."
    )
    return Figure(
        f"covariance{study.suffix}", study.title("Covariance"), caption,
        [Panel(Axis(""), Axis(""), [cells])], n=study.n, provenance=study.provenance,
        formula="Correlation and covariance",
    )  # fmt: skip


def _panel(names: list[str], found: Correlations, title: str) -> Panel:
    k = len(names)
    upper = np.triu_indices(k, 1)
    p = np.full((k, k), math.nan)
    p[upper] = adjusted(found.p[upper])
    p = np.fmax(p, p.T)
    text = [
        [
            f"{a} × {b}<br>{found.r[i, j]:.4f} [{found.low[i, j]:.3f}, {found.high[i, j]:.3f}]"
            f"<br>n = {found.n[i, j]}, p = {p[i, j]:.2g}"
            for j, b in enumerate(names)
        ]
        for i, a in enumerate(names)
    ]
    cells = HeatMap(names, names, found.r, -1.0, 1.0, found.method, True, 2, text)
    return Panel(Axis(""), Axis(""), [cells], title=title)


def _columns(study: Study) -> tuple[list[str], Floats, list[str]]:
    """Names and (n, k) values of what varies, and the names of what does not."""
    found = dict(columns_of(study))
    varying = {name: v for name, v in found.items() if _varies(v)}
    flat = [name for name in found if name not in varying]
    table = np.column_stack(list(varying.values())) if varying else np.empty((study.n, 0))
    return list(varying), table, flat


def _why_not(study: Study, names: list[str], table: Floats) -> str:
    if study.n < FEWEST:
        runs = "1 run is" if study.n == 1 else f"{study.n} runs are"
        return f"{runs} too few for a correlation: it needs {FEWEST}."
    if len(names) < 2:
        only = f"only {names[0]} varies" if names else "no figure varies"
        return f"A correlation needs two columns that vary, and {only}."
    return ""


def _varies(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 2 and float(np.ptp(known)) > 1e-9 * float(np.abs(known).max())
