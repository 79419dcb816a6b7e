from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from support.records import write_folder
from support.study import rows, study

from joulelab.analysis import report
from joulelab.analysis.configurations import compare
from joulelab.analysis.subject import Analysis
from joulelab.analysis.table import collect
from joulelab.tracking.mlflow_store import MlflowStore


def test_a_report_is_a_run_of_its_own_experiment_with_its_files(tmp_path: Path) -> None:
    store = MlflowStore(folder=tmp_path / "mlruns")
    records = study(sweep_id="first")[:2]
    for record in records:
        store.put(record, write_folder(tmp_path / "outputs", record), [])
    runs = collect(rows(records))
    analysis = Analysis(runs, compare(runs), command="analyze.py", store=store, log_figures=True)
    folder = tmp_path / "reports" / "now"
    folder.mkdir(parents=True)
    console = Console(file=io.StringIO(), width=200)
    report.make(analysis, folder, console)
    assert "logged as report now in experiment reports" in console.file.getvalue()
    assert len(store.rows()) == 2
    (logged,) = MlflowStore(folder=tmp_path / "mlruns", experiment="reports").rows()
    assert logged["tags.sweep_id"] == "first"
    assert logged["tags.mlflow.note.content"].startswith("model=minirocket")
    files = {path.name for path in (tmp_path / "mlruns" / "artifacts").rglob("*.*")}
    assert {"report.html", "front.png", "front.svg"} <= files


def test_without_a_store_there_is_a_sentence(tmp_path: Path) -> None:
    runs = collect(rows(study()[:1]))
    console = Console(file=io.StringIO(), width=200)
    report.make(Analysis(runs, compare(runs), log_figures=True), tmp_path, console)
    assert "there is no store to log to" in console.file.getvalue()
