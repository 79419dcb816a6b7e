"""A study is the parent of its runs, whoever came first, and keeps its id while it grows."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from support.records import make_record

from joulelab import runfolder
from joulelab.records import PARENT, STUDY, CurvePoint, RunRecord
from joulelab.tracking import pending
from joulelab.tracking.mlflow_library import MlflowClient
from joulelab.tracking.mlflow_store import MlflowStore

UID = "5c5c5c5c"


def study(volumes: list[float], status: str = "RUNNING") -> RunRecord:
    record = make_record(UID, energy_j=None, status=status, tags={STUDY: "try"})
    record.metrics = {"front/points": float(len(volumes))}
    record.curve = [
        CurvePoint(step, 0, 10.0 * step, {"hypervolume": volume})
        for step, volume in enumerate(volumes, start=1)
    ]
    return record


def child(uid: str) -> RunRecord:
    record = make_record(uid)
    record.tags[PARENT] = UID
    return record


@pytest.fixture
def store(mlruns: Path) -> MlflowStore:
    return MlflowStore(folder=mlruns)


@pytest.fixture
def seen(mlruns: Path):
    """The study and its runs, as somebody else reads them, by uid."""

    def look():
        client = MlflowClient(f"sqlite:///{mlruns / 'joulelab.db'}")
        (experiment,) = client.search_experiments(filter_string="name = 'joulelab'")
        runs = client.search_runs([experiment.experiment_id])
        return client, {run.data.tags["joulelab.run_uid"]: run for run in runs}

    return look


@pytest.mark.parametrize("first", ["study", "run"])
def test_runs_hang_below_their_study_whoever_came_first(store, seen, tmp_path, first):
    if first == "study":
        store.grow(study([]), tmp_path, [])
    store.put(child("a"), tmp_path, [])
    store.begin(child("b"))
    if first == "run":
        store.grow(study([]), tmp_path, [])
    _, runs = seen()
    for uid in ("a", "b"):
        assert runs[uid].data.tags["mlflow.parentRunId"] == runs[UID].info.run_id
    assert "mlflow.parentRunId" not in runs[UID].data.tags


def test_a_study_grows_in_place(store, seen, tmp_path):
    (tmp_path / "front.csv").write_text("1", encoding="utf-8")
    store.grow(study([0.1]), tmp_path, ["front.csv"])
    before = seen()[1][UID].info.run_id
    store.grow(study([0.1, 0.4]), tmp_path, [])
    (tmp_path / "front.csv").write_text("2", encoding="utf-8")
    store.grow(study([0.1, 0.4, 0.5], status="FINISHED"), tmp_path, ["front.csv"])
    client, runs = seen()
    assert (runs[UID].info.run_id, runs[UID].info.status) == (before, "FINISHED")
    assert runs[UID].data.metrics["front/points"] == 3.0
    points = client.get_metric_history(before, "curve/hypervolume")
    assert sorted((point.step, point.value) for point in points) == [(1, 0.1), (2, 0.4), (3, 0.5)]
    path = client.download_artifacts(before, "front.csv", str(tmp_path))
    assert Path(path).read_text(encoding="utf-8") == "2"
    store.grow(study([0.1, 0.4, 0.5]), tmp_path, [])
    assert seen()[1][UID].info.status == "RUNNING"


def test_a_study_is_no_run(store, tmp_path):
    store.grow(study([0.1]), tmp_path, [])
    store.put(child("a"), tmp_path, [])
    assert [row["run_id"] for row in store.rows()] == ["a"]


def test_a_study_that_met_no_server_is_stored_by_the_next_command(store, seen, tmp_path):
    folder = tmp_path / "multirun" / "try" / "study"
    folder.mkdir(parents=True)
    record = study([0.1, 0.2])
    record.tags |= {"host": socket.gethostname(), "pid": "4194304", "pid_start": "1"}
    runfolder.write_record(folder, record, pending.STUDY_RECORD)
    (folder / "front.csv").write_text("1", encoding="utf-8")
    pending.mark_pending(tmp_path, UID, folder)
    assert list(runfolder.recover(store, tmp_path)) == [
        f"1 run of earlier stored now in {store.location}"
    ]
    client, runs = seen()
    assert runs[UID].info.status == "KILLED"
    assert [each.path for each in client.list_artifacts(runs[UID].info.run_id)] == ["front.csv"]
    assert pending.folders(tmp_path) == []
