"""A SQLite store of many runs: MLflow makes the schema, plain SQL fills it, as fast as the disk.

Each run has 60 params, 80 metrics, 12 tags and a curve of 200 points (joules and a quality), in the
shape in which joulelab writes them: 4 models x 10 learning rates x 5 batch sizes, the rest repeats.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.tracking.mlflow_library import MlflowClient
from joulelab.tracking.mlflow_store import MlflowStore

POINTS, PARAMS, METRICS = 200, 60, 80
START_MS = 1_700_000_000_000
MODELS = {"minirocket": 12.0, "spectrogram_cnn": 150.0, "inception": 1800.0, "forest": 3.0}
PHASES = ("idle", "warmup", "fit", "fit/epoch", "evaluate", "idle_after", "other", "run")
CHANNELS = ("rapl.package-0", "rapl.dram", "shelly.plug")

INSERTS = {
    "runs": "INSERT INTO runs (run_uuid, name, source_type, source_name, user_id, status, start_time, "
    "end_time, lifecycle_stage, artifact_uri, experiment_id) VALUES (?,?,'LOCAL','','b',?,?,?,"
    "'active','',?)",
    "params": "INSERT INTO params (key, value, run_uuid) VALUES (?,?,?)",
    "tags": "INSERT INTO tags (key, value, run_uuid) VALUES (?,?,?)",
    "latest_metrics": "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) "
    "VALUES (?,?,?,?,0,?)",
    "metrics": "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) "
    "VALUES (?,?,?,?,0,?)",
}


def build(folder: Path, runs: int, points: int = POINTS) -> Path:
    """The database file; whatever lay there before is replaced."""
    path = folder / "joulelab.db"
    folder.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    MlflowStore(folder=folder).open()
    experiment = MlflowClient(f"sqlite:///{path}").create_experiment("joulelab")
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            database.execute(f"PRAGMA {pragma}")
        indices = _drop_indices(database)
        database.execute("BEGIN")
        for number in range(runs):
            for table, rows in _run(number, int(experiment), points).items():
                database.executemany(INSERTS[table], rows)
        for statement in indices:
            database.execute(statement)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode=DELETE")
    return path


def _drop_indices(database: sqlite3.Connection) -> list[str]:
    """What makes them anew: one sort at the end is cheaper than a million insertions."""
    found = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name IN ('params', 'tags', 'latest_metrics', 'metrics')"
    ).fetchall()
    for name, _ in found:
        database.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def _run(number: int, experiment: int, points: int) -> dict[str, Sequence[Any]]:
    random = np.random.default_rng(number)
    uuid = f"{number:032x}"
    start, stop = START_MS + 60_000 * number, START_MS + 60_000 * number + 50_000
    model = list(MODELS)[number % 4]
    lr, batch = 10.0 ** -(1 + number // 4 % 10 / 2), 2 ** (4 + number // 40 % 5)
    joules = MODELS[model] * (1 + abs(np.log10(lr) + 3)) * random.normal(1, 0.02)
    quality = 0.9 - 0.05 * abs(np.log10(lr) + 3) + random.normal(0, 0.01)
    status = "FAILED" if number % 97 == 96 else "FINISHED"
    finals = dict(_finals(random, joules, quality))
    curve = np.linspace(joules / points, joules, points)
    values = {
        "curve/energy_j": curve,
        "curve/val/f1_macro": quality * (1 - np.exp(-np.arange(1, points + 1) / 30)),
    }
    latest = [(key, value, stop, 0, uuid) for key, value in finals.items()]
    last = [(key, float(each[-1]), stop, points, uuid) for key, each in values.items()]
    history = [
        (key, float(value), start + 100 * step, step, uuid)
        for key, each in values.items()
        for step, value in enumerate(each, 1)
    ]
    return {
        "runs": [(uuid, f"{model}-{number}", status, start, stop, experiment)],
        "params": [(key, value, uuid) for key, value in _params(model, lr, batch, number).items()],
        "tags": [(key, value, uuid) for key, value in _tags(model, lr, batch, number).items()],
        "latest_metrics": latest + last,
        "metrics": latest + history,
    }


def _params(model: str, lr: float, batch: int, number: int) -> dict[str, str]:
    found = {
        "model": model,
        "data": "job_traces",
        "hardware": "default",
        "lr": f"{lr:.6g}",
        "batch_size": str(batch),
        "seed": str(number // 200),
        "model.lr": f"{lr:.6g}",
        "model._target_": f"joulelab.models.{model}.make",
    }
    for index in range(PARAMS - len(found)):
        found[f"data.option_{index}.value"] = f"setting {index}"
    return found


def _finals(
    random: np.random.Generator, joules: float, quality: float
) -> Iterator[tuple[str, float]]:
    yield from {
        "energy_j": joules,
        "energy_j_u_independent": 0.01 * joules,
        "energy_j_u_shared": 0.02 * joules,
        "energy_dynamic_j": 0.7 * joules,
        "duration_s": joules / 40,
        "power_w/mean": 40.0,
        "memory_bytes/peak": 5e8,
        "test/f1_macro": quality,
        "test/accuracy": quality + 0.02,
        "val/f1_macro": quality - 0.01,
        "baseline/f1_macro": 0.05,
    }.items()
    shares = random.dirichlet(np.ones(len(PHASES)))
    names = [f"energy_j/{phase}" for phase in PHASES]
    names += [f"duration_s/{phase}" for phase in PHASES]
    names += [f"energy_j/{phase}/{channel}" for phase in PHASES for channel in CHANNELS]
    names += [f"energy_j/{phase}{u}" for phase in PHASES for u in ("_u_independent", "_u_shared")]
    names += [f"coverage/{channel}" for channel in CHANNELS]
    names += [f"test/class_{number}/f1" for number in range(METRICS)]
    for index, name in enumerate(names[: METRICS - 2 - 11]):
        yield name, float(joules * shares[index % len(PHASES)])


def _tags(model: str, lr: float, batch: int, number: int) -> dict[str, str]:
    return {
        "joulelab.run_uid": f"{number:08x}",
        "joulelab.digest": f"{number:064x}",
        "config_hash": f"{model}-{lr:.6g}-{batch}",
        "keys_read": "lr,batch_size",
        "seed": str(number // 200),
        "host": "bench",
        "hardware_fingerprint": "f0",
        "provenance": "measured",
        "headline": "rapl.package-0,rapl.dram",
        "synthetic": "false",
        "sweep_id": f"sweep-{number // 1000}",
        "git_commit": "0" * 40,
    }


if __name__ == "__main__":
    import sys

    print(build(Path(sys.argv[1]), int(sys.argv[2])))
