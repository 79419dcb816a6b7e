"""A study in MLflow: the parent of its runs, which keeps its id while its figures grow."""

from __future__ import annotations

import math
import time

from joulelab.records import PARENT, RunRecord
from joulelab.tracking import mlflow_entries as entries
from joulelab.tracking.mlflow_library import Metric, MlflowClient, Run, RunTag

PARENT_RUN = "mlflow.parentRunId"
GROWN = "joulelab.grown"
"""The step up to which the histories are there."""
CHILDREN_A_PAGE = 1000


def update(client: MlflowClient, run: Run, record: RunRecord) -> None:
    """Adds what is new to the histories, and a new value to each figure that has changed."""
    run_id, now_ms = run.info.run_id, time.time_ns() // entries.NS_PER_MS
    grown = int(run.data.tags.get(GROWN, "-1"))
    last = record.curve[-1].step if record.curve else 0
    found = [
        Metric(key, value, now_ms, last)
        for key, value in entries.finals(record).items()
        if run.data.metrics.get(key) != value
    ]
    for point in record.curve:
        values = {"energy_j": point.energy_j, **point.metrics}
        found += [
            Metric(entries.key_for(f"curve/{name}"), float(value), now_ms, point.step)
            for name, value in values.items()
            if point.step > grown and math.isfinite(value)
        ]
    for metrics in entries.batches(found, entries.METRICS_A_BATCH):
        client.log_batch(run_id, metrics=metrics)
    for params in entries.batches(entries.missing_params(run, record), entries.PARAMS_A_BATCH):
        client.log_batch(run_id, params=params)
    wanted = {**entries.tags(record), GROWN: str(max(grown, last))}
    for tags in entries.batches(entries.changed_tags(run, wanted), entries.TAGS_A_BATCH):
        client.log_batch(run_id, tags=tags)
    if record.status == "RUNNING" or record.stop_wall_ns is None:
        client.update_run(run_id, status=record.status)
    else:
        client.set_terminated(run_id, record.status, record.stop_wall_ns // entries.NS_PER_MS)


def adopt(client: MlflowClient, parent: Run, uid: str) -> None:
    """Links the runs of the study that were there before it was."""
    token = None
    while True:
        page = client.search_runs(
            [parent.info.experiment_id],
            f"tags.`{PARENT}` = '{uid}'",
            max_results=CHILDREN_A_PAGE,
            page_token=token,
        )
        for child in page:
            if child.data.tags.get(PARENT_RUN) != parent.info.run_id:
                tag = RunTag(PARENT_RUN, parent.info.run_id)
                client.log_batch(child.info.run_id, tags=[tag])
        token = page.token
        if not token:
            return
