from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.records import make_record, write_folder

from joulelab.records import RunRecord
from joulelab.tracking import pending
from joulelab.tracking.mlflow_store import MlflowStore
from joulelab.tracking.null_store import NullStore


@pytest.fixture
def unreachable() -> Iterator[MlflowStore]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield MlflowStore(f"http://127.0.0.1:{nobody.getsockname()[1]}")


def left_over(outputs: Path, record: RunRecord, host: str | None = None) -> Path:
    record.tags["host"] = host or socket.gethostname()
    folder = write_folder(outputs, record)
    pending.mark_pending(outputs, record.run_uid, folder)
    return folder


def test_nothing_is_said_where_nothing_waits(tmp_path: Path) -> None:
    assert pending.catch_up(NullStore([tmp_path]), tmp_path / "outputs") == []


def test_runs_that_met_no_server_are_stored_by_the_next(
    mlruns: Path, outputs: Path, unreachable: MlflowStore
) -> None:
    folders = [left_over(outputs, make_record(uid)) for uid in ("a", "b")]
    (sentence,) = pending.catch_up(unreachable, outputs)
    assert "does not answer" in sentence
    assert "2 runs still to be stored" in sentence
    assert pending.folders(outputs) == folders

    store = MlflowStore(folder=mlruns)
    (sentence,) = pending.catch_up(store, outputs)
    assert sentence.startswith("2 runs of earlier stored now in")
    assert {row["run_id"] for row in store.rows()} == {"a", "b"}
    assert pending.folders(outputs) == []
    assert pending.catch_up(store, outputs) == []


def test_the_marker_says_where_and_when(mlruns: Path, outputs: Path) -> None:
    folder = left_over(outputs, make_record())
    pending.catch_up(MlflowStore(folder=mlruns), outputs)
    where, when = (folder / "stored").read_text(encoding="utf-8").splitlines()
    assert "joulelab.db" in where
    assert when.startswith("20")


def test_a_caught_up_run_brings_its_artifacts(mlruns: Path, outputs: Path) -> None:
    left_over(outputs, make_record())
    pending.catch_up(MlflowStore(folder=mlruns), outputs)
    names = {path.name for path in (mlruns / "artifacts").rglob("artifacts/*")}
    assert names == {"config.yaml", "phases.json", "model"}


def test_a_running_run_is_left_alone(mlruns: Path, outputs: Path) -> None:
    left_over(outputs, make_record(status="RUNNING"))
    assert pending.catch_up(MlflowStore(folder=mlruns), outputs) == []
    assert len(pending.folders(outputs)) == 1


def test_a_run_is_left_to_its_own_process_while_that_lives(mlruns: Path, outputs: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        stat = Path(f"/proc/{other.pid}/stat").read_text(encoding="utf-8")
        started = stat.rpartition(")")[2].split()[19]
        tags = {"pid": str(other.pid), "pid_start": started}
        left_over(outputs, make_record(tags=tags))
        assert pending.catch_up(MlflowStore(folder=mlruns), outputs) == []
        other.communicate(b"\n")
    (sentence,) = pending.catch_up(MlflowStore(folder=mlruns), outputs)
    assert sentence.startswith("1 run of earlier")


def test_a_fresh_run_of_another_host_is_left_to_that_host(mlruns: Path, outputs: Path) -> None:
    folder = left_over(outputs, make_record(), host="elsewhere")
    assert pending.catch_up(MlflowStore(folder=mlruns), outputs) == []
    long_ago = (folder / "record.json").stat().st_mtime - 2 * pending.GRACE_S
    os.utime(folder / "record.json", (long_ago, long_ago))
    assert len(pending.catch_up(MlflowStore(folder=mlruns), outputs)) == 1


def test_a_broken_record_does_not_stop_the_others(mlruns: Path, outputs: Path) -> None:
    broken = left_over(outputs, make_record("a"))
    left_over(outputs, make_record("b"))
    (broken / "record.json").write_text("{", encoding="utf-8")
    sentences = pending.catch_up(MlflowStore(folder=mlruns), outputs)
    assert any(str(broken) in sentence for sentence in sentences)
    assert [row["run_id"] for row in MlflowStore(folder=mlruns).rows()] == ["b"]


def test_a_run_stored_before_the_index_was_cleared_is_not_stored_again(outputs: Path) -> None:
    record = make_record()
    folder = left_over(outputs, record)
    (folder / "stored").write_text("elsewhere\n", encoding="utf-8")
    pending.catch_up(NullStore([outputs]), outputs)
    assert pending.folders(outputs) == []


def test_a_folder_that_is_gone_no_longer_waits(outputs: Path) -> None:
    shutil.rmtree(left_over(outputs, make_record()))
    assert pending.folders(outputs) == []


def test_two_that_catch_up_at_once_do_not_both(outputs: Path) -> None:
    left_over(outputs, make_record())
    with (outputs / "pending" / ".lock").open("w") as lock:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        assert pending.catch_up(NullStore([outputs]), outputs) == []
    assert len(pending.folders(outputs)) == 1


def test_forget_takes_a_run_off_the_list(outputs: Path) -> None:
    left_over(outputs, make_record())
    pending.forget(outputs, "0a1b2c3d")
    assert pending.folders(outputs) == []


def test_a_dead_process_owns_nothing() -> None:
    tags = {"pid": str(os.getpid()), "pid_start": "1"}
    assert not pending.owner_lives(make_record(tags=tags))
