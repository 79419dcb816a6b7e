from __future__ import annotations

import math
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.records import SECOND_NS, START_NS, make_record, write_folder

from joulelab.errors import StoreError, StoreMismatch, StoreUnreachable
from joulelab.records import CurvePoint, RunRecord
from joulelab.tracking.mlflow_errors import sentence_for
from joulelab.tracking.mlflow_library import MlflowClient, Run
from joulelab.tracking.mlflow_store import MlflowStore, shown


def put(store: MlflowStore, outputs: Path, record: RunRecord, *artifacts: str) -> None:
    store.put(record, write_folder(outputs, record), artifacts)


def client_of(mlruns: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{mlruns / 'joulelab.db'}")


def only_run(mlruns: Path) -> Run:
    client = client_of(mlruns)
    (experiment,) = client.search_experiments(filter_string="name = 'joulelab'")
    (run,) = client.search_runs([experiment.experiment_id])
    return run


def history(mlruns: Path, key: str) -> list[tuple[int, float]]:
    run_id = only_run(mlruns).info.run_id
    points = client_of(mlruns).get_metric_history(run_id, key)
    return sorted((point.step, point.value) for point in points)


def test_the_first_run_makes_the_store(tmp_path: Path, outputs: Path) -> None:
    store = MlflowStore(folder=tmp_path / "deep" / "mlruns")
    put(store, outputs, make_record())
    assert (tmp_path / "deep" / "mlruns" / "joulelab.db").stat().st_size > 0


def test_reading_makes_no_store(tmp_path: Path) -> None:
    assert MlflowStore(folder=tmp_path / "mlruns").rows() == []
    assert not (tmp_path / "mlruns").exists()


def test_two_first_runs_at_once_make_one_store(tmp_path: Path, outputs: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from support.records import make_record\n"
        "from joulelab.tracking.mlflow_store import MlflowStore\n"
        "MlflowStore(folder=sys.argv[1]).begin(make_record(sys.argv[2]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    jobs = [
        subprocess.Popen([sys.executable, "-c", program, tmp_path, uid], env=environment)
        for uid in ("a", "b", "c")
    ]
    assert [job.wait() for job in jobs] == [0, 0, 0]
    assert {row["run_id"] for row in MlflowStore(folder=tmp_path).rows()} == {"a", "b", "c"}


def test_the_curve_is_metric_history_by_step(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record())
    assert history(mlruns, "curve/energy_j") == [(1, 10.0), (2, 20.0), (3, 30.0)]
    expected = [(step, pytest.approx(0.2 * step)) for step in (1, 2, 3)]
    assert history(mlruns, "curve/val/f1_macro") == expected


def test_the_curve_lies_within_the_run_on_the_wall_clock(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record())
    points = client_of(mlruns).get_metric_history(only_run(mlruns).info.run_id, "curve/energy_j")
    times_ms = sorted(point.timestamp for point in points)
    assert times_ms[1] - times_ms[0] == 1000
    assert START_NS // 10**6 <= times_ms[0] <= times_ms[-1] <= START_NS // 10**6 + 60_000


def test_a_second_put_does_not_double_the_history(mlruns: Path, outputs: Path) -> None:
    record = make_record()
    put(MlflowStore(folder=mlruns), outputs, record)
    put(MlflowStore(folder=mlruns), outputs, record)
    assert len(history(mlruns, "curve/energy_j")) == 3
    assert len(history(mlruns, "energy_j")) == 1


def test_a_put_with_other_joules_replaces_the_history(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record(energy_j=50.0))
    curve = [CurvePoint(1, 6 * SECOND_NS, 7.0, {})]
    put(MlflowStore(folder=mlruns), outputs, make_record(energy_j=40.0, curve=curve))
    assert history(mlruns, "curve/energy_j") == [(1, 7.0)]
    assert history(mlruns, "energy_j") == [(0, 40.0)]


def test_what_a_person_noted_survives_a_later_put(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record(energy_j=50.0))
    client_of(mlruns).set_tag(only_run(mlruns).info.run_id, "mlflow.note.content", "the good one")
    put(MlflowStore(folder=mlruns), outputs, make_record(energy_j=40.0))
    assert only_run(mlruns).data.tags["mlflow.note.content"] == "the good one"


def test_a_put_that_was_cut_off_is_completed(mlruns: Path, outputs: Path) -> None:
    record = make_record()
    MlflowStore(folder=mlruns).begin(make_record(status="RUNNING", energy_j=None, metrics={}))
    client_of(mlruns).log_metric(only_run(mlruns).info.run_id, "energy_j", 50.0)
    first = only_run(mlruns).info.run_id
    put(MlflowStore(folder=mlruns), outputs, record)
    assert only_run(mlruns).info.run_id == first
    assert only_run(mlruns).data.metrics["duration_s"] == 10.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_left_out(mlruns: Path, outputs: Path, value: float) -> None:
    curve = [CurvePoint(1, SECOND_NS, value, {"val/loss": value})]
    put(MlflowStore(folder=mlruns), outputs, make_record(metrics={"test/loss": value}, curve=curve))
    stored = only_run(mlruns).data.metrics
    assert not {"test/loss", "curve/energy_j", "curve/val/loss"} & set(stored)
    assert "energy_j" in stored


def test_more_than_one_batch_of_each_is_stored(mlruns: Path, outputs: Path) -> None:
    params = {f"model.layer{number}": "x" for number in range(230)}
    metrics = {f"test/class{number}": 0.5 for number in range(1200)}
    tags = {f"tag{number}": "x" for number in range(150)}
    put(MlflowStore(folder=mlruns), outputs, make_record(params=params, metrics=metrics, tags=tags))
    data = only_run(mlruns).data
    assert set(params) <= set(data.params)
    assert set(metrics) <= set(data.metrics)
    assert set(tags) <= set(data.tags)


def test_a_value_that_is_too_long_says_that_it_is_cut(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record(params={"data.files": "x" * 9000}))
    stored = only_run(mlruns).data.params["data.files"]
    assert len(stored) == 6000
    assert stored.endswith("[cut; whole in config.yaml]")


def test_a_key_that_mlflow_refuses_is_written_in_its_letters(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record(metrics={"test//f1 [macro]": 0.5}))
    assert only_run(mlruns).data.metrics["test/f1 _macro_"] == 0.5


def test_artifacts_lie_below_the_folder(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record(), "config.yaml", "model")
    assert len(list((mlruns / "artifacts").rglob("artifacts/config.yaml"))) == 1
    (weights,) = (mlruns / "artifacts").rglob("artifacts/model/weights.bin")
    assert weights.read_bytes() == bytes(range(256))


def test_a_missing_artifact_is_a_store_error(mlruns: Path, outputs: Path) -> None:
    with pytest.raises(StoreError, match=r"trace\.parquet"):
        put(MlflowStore(folder=mlruns), outputs, make_record(), "trace.parquet")


def test_a_locked_store_is_unreachable(mlruns: Path, outputs: Path) -> None:
    with closing(sqlite3.connect(mlruns / "joulelab.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store = MlflowStore(folder=mlruns, timeout_s=0.2)
        with pytest.raises(StoreUnreachable, match=r"locked.*close that program"):
            store.begin(make_record())
        with pytest.raises(StoreUnreachable, match=r"joulelab\.db"):
            store.rows()
        with pytest.raises(StoreUnreachable, match="locked"):
            put(store, outputs, make_record())
    put(store, outputs, make_record())
    assert len(store.rows()) == 1


def test_a_newer_schema_is_a_mismatch(mlruns: Path, outputs: Path) -> None:
    _set_schema(mlruns, "ffffffffffff")
    store = MlflowStore(folder=mlruns)
    with pytest.raises(StoreMismatch, match=r"newer MLflow.*pip install -U mlflow"):
        put(store, outputs, make_record())
    with pytest.raises(StoreMismatch, match="newer MLflow"):
        store.rows()


def test_an_older_schema_is_a_mismatch_with_another_cure(mlruns: Path, outputs: Path) -> None:
    _set_schema(mlruns, "451aebb31d03")
    with pytest.raises(StoreMismatch, match=r"older MLflow.*mlflow db upgrade"):
        put(MlflowStore(folder=mlruns), outputs, make_record())


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path, outputs: Path) -> None:
    (tmp_path / "joulelab.db").write_text("not a database at all " * 100, encoding="utf-8")
    with pytest.raises(StoreError, match=r"joulelab\.db.*not a database.*paths\.mlruns"):
        put(MlflowStore(folder=tmp_path), outputs, make_record())


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path, outputs: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"paths\.mlruns"):
        put(MlflowStore(folder=tmp_path / "file" / "mlruns"), outputs, make_record())


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(StoreUnreachable, match=rf"{uri}.*tracking\.uri"):
            MlflowStore(uri).begin(make_record())


def test_an_experiment_in_the_bin_is_named(mlruns: Path, outputs: Path) -> None:
    put(MlflowStore(folder=mlruns), outputs, make_record())
    client_of(mlruns).delete_experiment(only_run(mlruns).info.experiment_id)
    with pytest.raises(StoreError, match=r"joulelab.*bin.*tracking\.experiment"):
        put(MlflowStore(folder=mlruns), outputs, make_record("other"))


def test_location_tells_how_to_look(mlruns: Path) -> None:
    location = MlflowStore(folder=mlruns).location
    assert f"mlflow ui --backend-store-uri sqlite:///{mlruns / 'joulelab.db'}" in location


def test_a_password_is_never_shown() -> None:
    assert shown("http://me:secret@host:5000/x") == "http://host:5000/x"
    assert "secret" not in MlflowStore("http://me:secret@host:5000").location


def test_the_store_is_quiet_and_calls_nobody(tmp_path: Path) -> None:
    program = (
        "import sys; from support.records import make_record\n"
        "from joulelab.tracking.mlflow_store import MlflowStore\n"
        "MlflowStore(folder=sys.argv[1]).begin(make_record())\n"
        "from mlflow.telemetry import get_telemetry_client\n"
        "assert get_telemetry_client() is None"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "CI", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _set_schema(mlruns: Path, version: str) -> None:
    with closing(sqlite3.connect(mlruns / "joulelab.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))


def test_a_full_disk_is_said_to_be_full() -> None:
    said = "(sqlite3.OperationalError) database or disk is full [SQL: INSERT INTO params ...]"
    assert "the disk is full; make room" in str(sentence_for(said, "mlruns/joulelab.db"))
