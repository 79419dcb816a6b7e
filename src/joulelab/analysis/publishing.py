"""`log_figures=true`: the report as artifacts of a run of its own, beside the runs it speaks of."""

from __future__ import annotations

import time
from pathlib import Path

from joulelab.analysis.page.blocks import Answer
from joulelab.analysis.subject import Analysis
from joulelab.errors import StoreError
from joulelab.records import RunRecord

EXPERIMENT = "reports"
"""Not that of the runs: a report is no run, and no later analysis must take it for one."""
ANSWER = "mlflow.note.content"
"""MLflow shows this tag on top of a run's page."""


def publish(analysis: Analysis, folder: Path, answers: list[Answer], started_ns: int) -> str:
    """Stores page, figures and tables; the sentence for the terminal, also where it cannot."""
    if analysis.store is None:
        return "log_figures: there is no store to log to"
    sweeps = sorted({str(each) for each in analysis.runs.table["sweep_id"].dropna().unique()})
    record = RunRecord(
        run_uid=f"report-{folder.name}",
        name=f"report {folder.name}",
        experiment=EXPERIMENT,
        status="FINISHED",
        start_wall_ns=started_ns,
        stop_wall_ns=time.time_ns(),
        params={"runs": str(len(analysis.runs.table)), "energy": analysis.runs.energy},
        tags={
            ANSWER: "\n\n".join(answer.sentence for answer in answers),
            "command": analysis.command,
            "source": analysis.source,
            **({"sweep_id": sweeps[0]} if len(sweeps) == 1 else {}),
        },
    )
    try:
        analysis.store.put(record, folder, sorted(path.name for path in folder.iterdir()))
    except StoreError as error:
        return f"log_figures: {error}; the report is in {folder}"
    return f"logged as {record.name} in experiment {EXPERIMENT} of {analysis.store.location}"
