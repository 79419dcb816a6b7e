"""Runs whose joules a person must not take at face value, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from joulelab.analysis.figures.study import distinct_instruments, ended, numbers
from joulelab.analysis.table import Runs
from joulelab.stats.front import Bools, Floats
from joulelab.stats.outliers import FAR, robust_z
from joulelab.units import duration, si

LARGEST_U = 0.3
"""Relative standard uncertainty above which a value hardly says more than its order."""
LEAST_COVERAGE = 0.99
BEYOND = 10.0
"""A mean power this many times above or below that of 95 % of the machine's runs is no workload."""
FEWEST = 20
PEAK_MARGIN = 1.2
REST_MARGIN = 0.5
LARGEST_DRIFT = 0.1
"""Share of a run's joules that may hang on which idle power is taken, that before or after."""
FLOOR = 0.05
"""Repeats, and ratios of instruments, that lie closer than this are not told apart."""
COLUMNS = ["run_id", "configuration", "why", "rule", "among"]


@dataclass(frozen=True)
class Verdict:
    """`rows` of the table that break `rule`, of `among` that it could judge, and why each does."""

    rule: str
    rows: pd.Index
    why: list[str]
    among: int


def distrusted(runs: Runs) -> pd.DataFrame:
    """`run_id`, `configuration`, `why`, `rule`, `among` (runs that the rule could judge): a row for
    each run and reason. Of finished runs, those that were left out for their zero joules too."""
    finished = ended(runs.table)
    named = finished["configuration" if "configuration" in finished else "name"]
    names = named.where(named.notna(), finished["name"])
    parts = [
        pd.DataFrame(
            {"run_id": finished.loc[each.rows, "run_id"], "configuration": names.loc[each.rows],
             "why": each.why, "rule": each.rule, "among": each.among}
        )
        for each in _verdicts(runs, finished)
        if len(each.rows)
    ]  # fmt: skip
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def summary(found: pd.DataFrame, total: int) -> list[str]:
    """One line a rule, the one that names most runs first."""
    groups = found.groupby("rule").agg(runs=("run_id", "size"), among=("among", "first"))
    groups = groups.sort_values("runs", ascending=False, kind="stable")
    return [
        f"{rule}: {row.runs:,} of {int(row.among or total):,} runs "
        f"({row.runs / max(int(row.among or total), 1):.0%})"
        for rule, row in groups.iterrows()
    ]


def weighings(runs: Runs, rows: pd.DataFrame) -> dict[str, Floats]:
    """Label -> joules: the energy in question, and what each instrument saw of whole runs."""
    found = {
        label: numbers(rows, column) for label, column in distinct_instruments(runs, rows).items()
    }
    energy = numbers(rows, runs.energy)
    if any(np.array_equal(energy, each, equal_nan=True) for each in found.values()):
        return found
    return {runs.energy: energy, **found}


def _verdicts(runs: Runs, rows: pd.DataFrame) -> Iterator[Verdict]:
    weighed = weighings(runs, rows)
    seconds = numbers(rows, "duration_s")
    for label, joules in weighed.items():
        yield _zero(rows, label, joules, seconds, weighed)
        if not label.startswith("energy_dynamic"):
            why = [f"{label} is {si(value, 'J')}" for value in joules[joules < 0]]
            yield _verdict(rows, f"{label} is negative", joules < 0, np.isfinite(joules), why)
        if not label.startswith("energy_dynamic"):
            yield _power(rows, label, joules, seconds)
    yield _against_itself(rows, numbers(rows, runs.energy), seconds)
    yield _uncertain(runs, rows)
    yield _uncovered(rows)
    yield _drift(rows, numbers(rows, runs.energy), seconds)
    if "concurrent" in rows:
        beside = rows["concurrent"].fillna(False).to_numpy(dtype=bool)
        why = ["other jobs ran beside it: it may hold their joules"] * int(beside.sum())
        yield _verdict(rows, "shared its machine", beside, np.ones(len(rows), dtype=bool), why)
    for name, values in ((runs.energy, numbers(rows, runs.energy)), ("duration_s", seconds)):
        yield _outlying(rows, name, values)


def _verdict(
    rows: pd.DataFrame, rule: str, broken: Bools, judged: Bools, why: list[str]
) -> Verdict:
    return Verdict(rule, rows.index[broken], why, int(judged.sum()))


def _zero(
    rows: pd.DataFrame, label: str, joules: Floats, seconds: Floats, weighed: dict[str, Floats]
) -> Verdict:
    broken = (joules == 0) & ~(seconds <= 0)
    others = {name: values for name, values in weighed.items() if name != label}
    why = []
    for place in np.flatnonzero(broken):
        lasted = f" in {duration(seconds[place])}" if np.isfinite(seconds[place]) else ""
        seen = [f"{name} {si(v[place], 'J')}" for name, v in others.items() if v[place] > 0]
        beside = f", in which there was {' and '.join(seen[:2])}" if seen else ""
        why.append(f"{label} saw exactly 0 J{lasted}{beside}: it resolved nothing")
    rule = f"{label} is exactly 0 J: less than it resolves"
    return _verdict(rows, rule, broken, np.isfinite(joules), why)


def _power(rows: pd.DataFrame, label: str, joules: Floats, seconds: Floats) -> Verdict:
    """Mean power far from what the same instrument of the same machine sees of other runs."""
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where((seconds > 0) & (joules > 0), joules / seconds, np.nan)
    parts = [rows[name].astype(str) for name in ("host", "headline") if name in rows]
    machine = pd.Series("", index=rows.index)
    for part in parts:
        machine = machine + "/" + part
    groups = pd.Series(power, index=rows.index).groupby(machine)
    low, high = (groups.transform("quantile", share).to_numpy() for share in (0.05, 0.95))
    judged = np.isfinite(power) & (groups.transform("count").to_numpy() >= FEWEST)
    broken = judged & ((power > BEYOND * high) | (power < low / BEYOND))
    why = [
        f"{label} says {si(power[i], 'W')} on average; nearly all runs of this machine lie between "
        f"{si(low[i], 'W')} and {si(high[i], 'W')}"
        for i in np.flatnonzero(broken)
    ]
    return _verdict(rows, f"power out of range by {label}", broken, judged, why)


def _against_itself(rows: pd.DataFrame, joules: Floats, seconds: Floats) -> Verdict:
    """A mean above the peak that the run itself saw, or below half of its own rest."""
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(seconds > 0, joules / seconds, np.nan)
    peak, rest = numbers(rows, "power_w/peak"), numbers(rows, "power_w/idle")
    high, low = power > PEAK_MARGIN * peak, power < REST_MARGIN * rest
    why = [
        f"{si(power[i], 'W')} on average, but {si(peak[i], 'W')} at its peak" if high[i]
        else f"{si(power[i], 'W')} on average, but {si(rest[i], 'W')} at rest"
        for i in np.flatnonzero(high | low)
    ]  # fmt: skip
    judged = np.isfinite(power) & (np.isfinite(peak) | np.isfinite(rest))
    return _verdict(rows, "joules contradict its own power", high | low, judged, why)


def _uncertain(runs: Runs, rows: pd.DataFrame) -> Verdict:
    joules, u = numbers(rows, runs.energy), numbers(rows, f"{runs.energy}_u")
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(joules != 0, u / np.abs(joules), np.nan)
    broken = relative > LARGEST_U
    why = [f"its energy is uncertain by {each:.0%}" for each in relative[broken]]
    rule = f"uncertain by more than {LARGEST_U:.0%}"
    return _verdict(rows, rule, broken, np.isfinite(relative), why)


def _uncovered(rows: pd.DataFrame) -> Verdict:
    names = [name for name in rows.columns if name.startswith("coverage/")]
    seen = np.column_stack([numbers(rows, name) for name in names] or [np.full(len(rows), np.nan)])
    least = np.min(np.where(np.isnan(seen), np.inf, seen), axis=1, initial=np.inf)
    broken = least < LEAST_COVERAGE
    worst = np.where(np.isnan(seen), np.inf, seen).argmin(axis=1)
    why = [
        f"{names[worst[i]].partition('/')[2]} saw only {least[i]:.1%} of it"
        for i in np.flatnonzero(broken)
    ]
    rule = f"gaps: coverage below {LEAST_COVERAGE:.0%}"
    return _verdict(rows, rule, broken, np.isfinite(least), why)


def _drift(rows: pd.DataFrame, joules: Floats, seconds: Floats) -> Verdict:
    with np.errstate(divide="ignore", invalid="ignore"):
        before, after = (
            numbers(rows, f"energy_j/{name}") / numbers(rows, f"duration_s/{name}")
            for name in ("idle", "idle_after")
        )
        share = np.abs(after - before) * seconds / np.abs(joules)
    broken = np.isfinite(share) & (share > LARGEST_DRIFT)
    why = [
        f"power at rest went from {si(before[i], 'W')} to {si(after[i], 'W')}: {share[i]:.0%} of its "
        "joules hang on it"
        for i in np.flatnonzero(broken)
    ]
    return _verdict(rows, "idle power drifted", broken, np.isfinite(share), why)


def _outlying(rows: pd.DataFrame, name: str, values: Floats) -> Verdict:
    label = "lasted unlike its repeats" if name == "duration_s" else "weighed unlike its repeats"
    unit = "s" if name == "duration_s" else "J"
    if "configuration" not in rows:
        return _verdict(rows, label, np.zeros(len(rows), dtype=bool), np.isfinite(values), [])
    # A zero has a rule of its own.
    known = np.where(rows["configuration"].notna() & (values != 0), values, np.nan)
    found = robust_z(known, rows["configuration"].astype(str).to_numpy(), floor=FLOOR)
    broken = np.abs(found.z) > FAR
    why = [
        f"{si(values[i], unit)} lies {abs(found.z[i]):.0f} robust deviations from the median of its "
        f"repeats, {si(found.centre[i], unit)}"
        for i in np.flatnonzero(broken)
    ]
    return _verdict(rows, label, broken, np.isfinite(found.z), why)
