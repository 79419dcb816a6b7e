"""Run records as a finished training leaves them, made without training."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from joulelab.records import CurvePoint, Metrics, RunRecord

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


def make_record(
    run_uid: str = "0a1b2c3d",
    *,
    model: str = "minirocket",
    data: str = "job_traces",
    lr: float = 1e-3,
    seed: int = 0,
    energy_j: float | None = 50.0,
    metrics: Metrics | None = None,
    **fields: Any,
) -> RunRecord:
    """One finished run; `energy_j=None` leaves it unweighed."""
    work = f"{model}|{data}|{lr}"
    quality = {"test/f1_macro": 0.8, "test/accuracy": 0.82, "val/f1_macro": 0.79}
    params = {
        "model": model,
        "data": data,
        "hardware": "default",
        "lr": str(lr),
        "seed": str(seed),
        "model._target_": f"joulelab.models.{model}.make",
        "model.lr": str(lr),
        "hardware.threads": "2",
        "paths.root": ".",
    }
    tags = {
        "config_hash": hashlib.sha256(work.encode()).hexdigest()[:16],
        "keys_read": "lr",
        "seed": str(seed),
        "host": "bench",
        "provenance": "measured",
        "headline": "rapl.package-0",
        "synthetic": "false",
    }
    energies = {} if energy_j is None else energies_of(energy_j)
    values: dict[str, Any] = {
        "run_uid": run_uid,
        "name": f"{model}-{data}",
        "experiment": "joulelab",
        "status": "FINISHED",
        "start_wall_ns": START_NS,
        "stop_wall_ns": START_NS + 60 * SECOND_NS,
        "params": params,
        "tags": tags,
        "metrics": {
            **energies,
            **(quality if metrics is None else metrics),
            "baseline/f1_macro": 0.03,
            "baseline/accuracy": 0.125,
            "duration_s": 10.0,
        },
        "curve": [
            CurvePoint(step, (5 + step) * SECOND_NS, 10.0 * step, {"val/f1_macro": 0.2 * step})
            for step in (1, 2, 3)
        ],
    }
    for key, value in fields.items():
        merged = isinstance(value, dict) and isinstance(values.get(key), dict)
        values[key] = {**values[key], **value} if merged else value
    return RunRecord(**values)


def energies_of(energy_j: float) -> Metrics:
    return {
        "energy_j": energy_j,
        "energy_j_u_independent": 0.01 * abs(energy_j),
        "energy_j_u_shared": 0.02 * abs(energy_j),
        "energy_j/run": 1.2 * energy_j,
        "power_w/mean": energy_j / 10,
    }


def write_folder(parent: Path, record: RunRecord) -> Path:
    """A run folder with the record and the artifacts that a run leaves."""
    folder = parent / "2026-01-01" / f"12-00-00-{record.run_uid}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(record.to_json(), encoding="utf-8")
    (folder / "config.yaml").write_text("model: minirocket\n", encoding="utf-8")
    (folder / "phases.json").write_text(json.dumps([]), encoding="utf-8")
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "weights.bin").write_bytes(bytes(range(256)))
    return folder
