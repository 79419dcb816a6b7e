"""What lies beside a recording: results, settings and logs of the program that was measured."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from joulelab.errors import DataError
from joulelab.stats.anomaly import f1
from joulelab.stats.anomaly.trivial import random_scores
from joulelab.stats.anomaly.truth import Truth

RESULTS = ("result.json", "results.json", "metrics.json")
SETTINGS = ("config*.json", "config*.yaml", "config*.yml", "params*.json")
LOG = "training_log.csv"
STEP = "step"
SCORES = "scores.npz"
SEEDS = range(5)
SAME = 2e-3
"""A search on a grid of thresholds misses the best F1 by less."""


def metrics(folder: Path) -> dict[str, float]:
    """`test/<name>` of every finite number in the first result file, nested ones joined by `/`."""
    for name in RESULTS:
        if (folder / name).is_file():
            found = dict(_flat(_load(folder / name), "/"))
            return {
                f"test/{key}": float(value)
                for key, value in found.items()
                if isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
            }
    return {}


def baselines(folder: Path, found: Mapping[str, float]) -> dict[str, float]:
    """Where scores of an anomaly detector and their labels lie beside: `baseline/<name>` of each
    result that is their best point-adjusted F1, as what random scores reach (mean of 5)."""
    try:
        with np.load(folder / SCORES) as stored:
            scores, labels = stored["test_score"], stored["test_label"]
        truth = Truth.of(labels)
        reached = [f1.best_point_adjusted(sign * scores, truth).f1 for sign in (1, -1)]
        random = [
            f1.best_point_adjusted(random_scores(len(labels), seed), truth).f1 for seed in SEEDS
        ]
    except (OSError, KeyError, ValueError):
        return {}
    return {
        "baseline/" + name.partition("/")[2]: float(np.mean(random))
        for name, value in found.items()
        if abs(value - max(reached)) < SAME
    }


def params(folder: Path) -> dict[str, str]:
    """Settings as the program kept them; the steps that its log tells; and what the folder's own
    name says: `steps_100` is `steps` = 100."""
    found: dict[str, str] = {}
    for pattern in SETTINGS:
        for path in sorted(folder.glob(pattern)):
            settings = _flat(_load(path), ".")
            found |= {key: str(value) for key, value in settings if value is not None}
    steps = _steps(folder / LOG)
    if steps is not None:
        found["steps"] = str(steps)
    named = re.fullmatch(r"([A-Za-z]\w*?)[_=-](\d+(?:\.\d+)?)", folder.name)
    if named is not None:
        found[named[1]] = named[2]
    return found


def _steps(path: Path) -> int | None:
    """The last step of a log with a column of that name."""
    if not path.is_file():
        return None
    try:
        log = pd.read_csv(path)
    except ValueError as error:
        raise DataError(f"cannot be read: {error}", where=str(path)) from error
    names = {str(name).strip().casefold(): name for name in log.columns}
    steps = pd.to_numeric(log[names[STEP]], errors="coerce") if STEP in names else None
    return None if steps is None or steps.isna().all() else int(steps.max())


def _load(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"cannot be read: {reason}", where=str(path)) from error
    return found if isinstance(found, dict) else {}


def _flat(node: Mapping[str, Any], joint: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _flat(value, joint, f"{prefix}{key}{joint}")
        elif not isinstance(value, list):
            yield f"{prefix}{key}", value
