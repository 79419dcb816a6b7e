"""One tidy row a run: what was chosen, what varied, what it cost, what it reached."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from joulelab.config import TRAINING_KEYS
from joulelab.errors import ConfigError, DataError

Row = Mapping[str, Any]

CHOICES = ("model", "data", "hardware")
TAGS = ("provenance", "headline", "host", "hardware_fingerprint", "config_hash", "sweep_id", "seed")
QUALITY_ROOTS = ("test/", "val/")

NOT_THE_WORK = (
    "seed", "repeats", "objectives", "name", "paths", "tracking", "sweep", "meter", "idle_s",
    "warmup_s", "idle_after_s", "sample_hz", "save_model", "allow_concurrent", "command",
)  # fmt: skip
"""Params that say how a run was looked at or kept, not what it did."""

UNFINISHED = {
    "FAILED": "failed",
    "KILLED": "killed before its end",
    "RUNNING": "still running, or its process died",
}


@dataclass
class Runs:
    """`table` has one row a run; `<energy>_u` is the combined standard uncertainty (k = 1), `left_out`
    is empty or says why the run enters no comparison. `varying` names the columns that are params
    of the work and differ between runs."""

    table: pd.DataFrame
    varying: list[str]
    energy: str


def collect(rows: Sequence[Row], energy: str = "energy_j") -> Runs:
    """The runs in the order given. DataError for none, ConfigError for an energy that none has."""
    if not rows:
        raise DataError("there is no run to analyse", cure="python train.py makes one")
    varying = varying_params(rows)
    columns: dict[str, Any] = {"run_id": [row["run_id"] for row in rows]}
    for key in ("name", "status"):
        columns[key] = [row.get(key) for row in rows]
    for key in (*CHOICES, *varying):
        columns[key] = _numbers_or_texts(_param(row, key) for row in rows)
    columns |= _energy_columns(rows, energy)
    for key in TAGS:
        columns[key] = [row.get(f"tags.{key}") for row in rows]
    for key in ("synthetic", "concurrent"):
        columns[key] = [row.get(f"tags.{key}") == "true" for row in rows]
    for key in metric_names(rows, (*QUALITY_ROOTS, "baseline/", "duration_s", "power_w/mean")):
        columns[key] = _metric(rows, key)
    columns["left_out"] = [_unfinished(row) for row in rows]
    table = pd.DataFrame(columns)
    unweighed = (table["left_out"] == "") & table[energy].isna()
    table.loc[unweighed, "left_out"] = f"no {energy}: nothing weighed it"
    return Runs(table, varying, energy)


def metric_names(rows: Iterable[Row], prefixes: Sequence[str]) -> list[str]:
    starts = tuple(f"metrics.{prefix}" for prefix in prefixes)
    found = {key for row in rows for key in row if key.startswith(starts)}
    phases = "metrics.duration_s/"
    return sorted(key.removeprefix("metrics.") for key in found if not key.startswith(phases))


def varying_params(rows: Sequence[Row]) -> list[str]:
    """Params of the work that are not the same in all runs. Of keys below a group (`model.lr`), those
    that only repeat another one (`lr`, or `model` itself) are left out."""
    keys = {key for row in rows for key in row if key.startswith("params.")}
    names = [key.removeprefix("params.") for key in keys]
    of_the_work = [name for name in names if name.partition(".")[0] not in NOT_THE_WORK]
    seen: set[tuple[int, ...]] = set()
    kept = []
    for name in sorted(of_the_work, key=_rank):
        partition = _partition([_param(row, name) for row in rows])
        repeats_another = "." in name and partition in seen
        seen.add(partition)
        if max(partition) > 0 and not repeats_another:
            kept.append(name)
    return [name for name in kept if name not in CHOICES]


def nearest(key: str, value: str, known: Sequence[str]) -> ConfigError:
    """For a name that is not among those that are there."""
    near = difflib.get_close_matches(value, known, 1, 0.0)
    listed = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
    hint = f"did you mean {near[0]}? " if near else ""
    cure = f"{hint}there are {listed or 'none'}"
    return ConfigError(f"no run has {value!r}", where=key, cure=cure)


def _energy_columns(rows: Sequence[Row], energy: str) -> dict[str, Any]:
    if not any(f"metrics.{energy}" in row for row in rows):
        known = [name for name in metric_names(rows, ("energy_",)) if "_u_" not in name]
        if known:
            raise nearest("energy", energy, known)
    keys = (energy, f"{energy}_u_independent", f"{energy}_u_shared")
    columns: dict[str, Any] = {key: _metric(rows, key) for key in keys}
    independent, shared = (pd.Series(columns[key]) for key in keys[1:])
    columns[f"{energy}_u"] = (independent**2 + shared**2) ** 0.5
    return columns


def _metric(rows: Sequence[Row], key: str) -> list[float]:
    return [float(row.get(f"metrics.{key}", float("nan"))) for row in rows]


def _param(row: Row, name: str) -> str | None:
    value = row.get(f"params.{name}")
    read = row.get("tags.keys_read")
    # A root key that the model does not read made no difference to this run.
    if name in TRAINING_KEYS and read is not None and name not in str(read).split(","):
        return None
    return None if value in (None, "null") else str(value)


def _rank(name: str) -> tuple[int, str]:
    """The order in which params name a configuration: choices, root keys, then what lies deeper."""
    if name in CHOICES:
        return CHOICES.index(name), name
    if name in TRAINING_KEYS:
        return 10, name
    return 20 + name.count("."), name


def _partition(values: Sequence[str | None]) -> tuple[int, ...]:
    """Which runs share a value, `(0, 1, 0)` for a, b, a: equal for params that vary together."""
    numbers: dict[str | None, int] = {}
    return tuple(numbers.setdefault(value, len(numbers)) for value in values)


def _numbers_or_texts(values: Iterable[str | None]) -> list[float] | list[str | None]:
    """Numbers where all are numbers, so that 1e-3 and 0.001 are one value."""
    texts = list(values)
    try:
        numbers = [float("nan") if text is None else float(text) for text in texts]
    except ValueError:
        return texts
    return texts if all(text is None for text in texts) else numbers


def _unfinished(row: Row) -> str:
    reason = UNFINISHED.get(row.get("status", ""), "")
    error = row.get("tags.error")
    return f"{reason}: {error}" if reason and error else reason
