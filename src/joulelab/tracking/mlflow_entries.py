"""A run's record as MLflow's entities, within MLflow's limits, and back as flat rows."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from joulelab.records import RunRecord
from joulelab.tracking.mlflow_library import Metric, Param, Run, RunTag

RUN_UID = "joulelab.run_uid"
DIGEST = "joulelab.digest"
PARAMS_A_BATCH, METRICS_A_BATCH, TAGS_A_BATCH = 100, 1000, 100
KEY_LENGTH, PARAM_LENGTH, TAG_LENGTH = 250, 6000, 8000
CUT = " [cut; whole in config.yaml]"
NS_PER_MS = 1_000_000

T = TypeVar("T")


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def key_for(name: str) -> str:
    """MLflow takes letters, digits and `_-. :/` and no empty path part."""
    parts = re.sub(r"[^\w\-. :/]", "_", name).split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))[:KEY_LENGTH]


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - len(CUT)] + CUT


def digest(record: RunRecord, artifacts: Sequence[str]) -> str:
    """Equal where nothing new would be written."""
    text = "\n".join([record.to_json(), *sorted(artifacts)])
    return hashlib.sha256(text.encode()).hexdigest()


def params(record: RunRecord) -> dict[str, str]:
    return {key_for(name): cut(value, PARAM_LENGTH) for name, value in record.params.items()}


def tags(record: RunRecord) -> dict[str, str]:
    found = {key_for(name): cut(value, TAG_LENGTH) for name, value in record.tags.items()}
    if record.error is not None:
        found["error"] = cut(record.error, TAG_LENGTH)
    return {**found, RUN_UID: record.run_uid}


def finals(record: RunRecord) -> dict[str, float]:
    """What is not a finite number is a missing key: MLflow would store infinity as 1.8e308."""
    return {
        key_for(name): float(value)
        for name, value in record.metrics.items()
        if value is not None and math.isfinite(value)
    }


def metrics(record: RunRecord) -> list[Metric]:
    """The final metrics, then the curve as history of `curve/<metric>` by step."""
    end_ms = (record.stop_wall_ns or record.start_wall_ns) // NS_PER_MS
    entries = [Metric(key, value, end_ms, 0) for key, value in finals(record).items()]
    for point, time_ms in zip(record.curve, curve_times_ms(record), strict=True):
        values = {"energy_j": point.energy_j, **point.metrics}
        entries += [
            Metric(key_for(f"curve/{name}"), float(value), time_ms, point.step)
            for name, value in values.items()
            if value is not None and math.isfinite(value)
        ]
    return entries


def curve_times_ms(record: RunRecord) -> list[int]:
    """Wall-clock labels of the curve's monotonic times: exact within the boot of the run, else with
    the last point at the run's end."""
    if not record.curve:
        return []
    first_ns, last_ns = record.curve[0].time_ns, record.curve[-1].time_ns
    stop_ns = record.stop_wall_ns or time.time_ns()
    offset_ns = time.time_ns() - time.monotonic_ns()
    if not record.start_wall_ns <= first_ns + offset_ns <= last_ns + offset_ns <= stop_ns:
        offset_ns = stop_ns - last_ns
    return [(point.time_ns + offset_ns) // NS_PER_MS for point in record.curve]


def contradicts(run: Run, record: RunRecord) -> bool:
    """Whether the store holds something of this run that MLflow cannot replace in place: another
    final metric or param, or a sealed earlier version."""
    stored, wanted = run.data.metrics, finals(record)
    if any(stored[key] != wanted.get(key) for key in stored if not key.startswith("curve/")):
        return True
    if any(run.data.params.get(key, value) != value for key, value in params(record).items()):
        return True
    return DIGEST in run.data.tags


def changed_tags(run: Run, wanted: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(key, value) for key, value in wanted.items() if run.data.tags.get(key) != value]


def missing_params(run: Run, record: RunRecord) -> list[Param]:
    known = run.data.params
    return [Param(key, value) for key, value in params(record).items() if key not in known]


def row(run: Run) -> dict[str, Any]:
    """`run_id` is the run's uid, or MLflow's own id where somebody else made the run."""
    found: dict[str, Any] = {
        "run_id": run.data.tags.get(RUN_UID, run.info.run_id),
        "store_id": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "start_wall_ns": run.info.start_time * NS_PER_MS,
        "stop_wall_ns": None if run.info.end_time is None else run.info.end_time * NS_PER_MS,
        "ui_path": f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}",
    }
    for prefix, values in (
        ("params", run.data.params),
        ("metrics", run.data.metrics),
        ("tags", run.data.tags),
    ):
        found.update({f"{prefix}.{key}": value for key, value in values.items()})
    return found
