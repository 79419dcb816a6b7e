"""A study as tables: every point of every curve, the front, and the hypervolume over what was spent."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from joulelab.sweeping import progress
from joulelab.sweeps.budget import Spent
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import History


def export(history: History, definition: Definition, spent: Spent, folder: Path) -> list[Path]:
    """Writes `points.csv`, `front.csv`, `hypervolume.csv` and `export.json`, each whole or not at
    all. Objectives are as a person reads them."""
    keys = list(definition.space.parameters)
    names = [objective.name for objective in history.objectives]
    front = progress.front(history, probabilities=True)
    header = ["trial", "state", "step", *names, *keys]
    points = [
        [
            trial.number,
            trial.state,
            point.step,
            *_read(history, point.losses),
            *_chosen(trial.config, keys),
        ]
        for trial in history.trials.values()
        for point in trial.points
    ]
    members = [
        [
            " ".join(map(str, each.numbers)), each.trial.state, each.step, *_read(history, each.losses),
            *_chosen(each.trial.config, keys), _known(each.probability),
        ]
        for each in front
    ]  # fmt: skip
    volumes = [list(each) for each in progress.hypervolumes(history)]
    whole = {
        "definition": definition.as_json(),
        "constraints": [str(each) for each in definition.constraints],
        "spent": {"energy_j": spent.joules, "duration_s": spent.seconds, "runs": spent.runs},
        "front": [dict(zip([*header, "probability"], row, strict=True)) for row in members],
        "trials": [
            {
                "number": trial.number,
                "state": trial.state,
                "config": dict(trial.config),
                "points": [[point.step, *_read(history, point.losses)] for point in trial.points],
            }
            for trial in history.trials.values()
        ],
    }
    return [
        _table(folder / "points.csv", header, points),
        _table(folder / "front.csv", [*header, "probability"], members),
        _table(folder / "hypervolume.csv", ["spent", "share"], volumes),
        _whole(folder / "export.json", json.dumps(_finite(whole), indent=1, default=str)),
    ]


def _read(history: History, losses: Sequence[float]) -> list[float]:
    return [
        -loss if objective.direction == "maximize" else loss
        for objective, loss in zip(history.objectives, losses, strict=True)
    ]


def _chosen(config: Mapping[str, Any], keys: Sequence[str]) -> list[Any]:
    return [config.get(key) for key in keys]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _finite(value: Any) -> Any:
    """NaN and infinity are no JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    partial = path.with_name(f".{path.name}.tmp")
    with partial.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    partial.replace(path)
    return path


def _whole(path: Path, text: str) -> Path:
    partial = path.with_name(f".{path.name}.tmp")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return path
