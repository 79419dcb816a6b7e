"""Runs that the store does not hold yet, so that the next run can hand them in.

    <index>/pending/<run_uid>    the path of the run's folder, from its start until it is stored
    <folder>/stored              where and when it was stored

A study waits as a run does; its record is `study.json`, its artifacts are all that lies beside it.

The index makes the question "is anything left?" cost one directory listing, whatever was run.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from joulelab.errors import JoulelabError, StoreError
from joulelab.protocols import RunStore
from joulelab.records import RunRecord

ARTIFACTS = ("trace.parquet", "phases.json", "config.yaml", "power.png", "model")
"""What of a run's folder the store keeps, where it is there."""

STUDY_RECORD = "study.json"

GRACE_S = 600.0
"""A finished run of another host is left to that host for so long."""

BROKEN = (OSError, ValueError, TypeError, KeyError)


def mark_pending(index: Path, run_uid: str, folder: Path) -> None:
    entry = _entry(index, run_uid)
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.write_text(str(folder.absolute()), encoding="utf-8")


def forget(index: Path, run_uid: str) -> None:
    _entry(index, run_uid).unlink(missing_ok=True)


def mark_stored(index: Path, run_uid: str, folder: Path, location: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    (folder / "stored").write_text(f"{location}\n{now}\n", encoding="utf-8")
    forget(index, run_uid)


def folders(index: Path) -> list[Path]:
    """The folders of runs that no store holds yet, oldest first; without those that are gone."""
    try:
        entries = sorted(
            (item for item in os.scandir(index / "pending") if not item.name.startswith(".")),
            key=lambda item: item.stat().st_mtime_ns,
        )
        found = [Path(Path(item.path).read_text(encoding="utf-8")) for item in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder for folder in found if folder.is_dir()]


def catch_up(store: RunStore, index: Path) -> list[str]:
    """Stores what earlier runs could not; one sentence a thing done or left. Never raises: the run
    that asks matters more. Runs whose process still lives are left alone."""
    try:
        waiting = folders(index)
        if not waiting:
            return []
        with _alone(index) as alone:
            return list(_catch_up(store, index, waiting)) if alone else []
    except (JoulelabError, *BROKEN) as error:
        return [f"earlier runs cannot be stored: {error}"]


def _catch_up(store: RunStore, index: Path, waiting: list[Path]) -> Iterator[str]:
    done = 0
    for number, folder in enumerate(waiting):
        try:
            if (folder / STUDY_RECORD).exists():
                done += _catch_up_study(store, index, folder)
                continue
            path = folder / "record.json"
            record = RunRecord.from_json(path.read_text(encoding="utf-8"))
            if record.status == "RUNNING" or _owned(record, path):
                continue
            if not (folder / "stored").exists():
                store.put(record, folder, [name for name in ARTIFACTS if (folder / name).exists()])
            mark_stored(index, record.run_uid, folder, store.location)
            done += 1
        except StoreError as error:
            yield f"{error}; {_runs(len(waiting) - number)} still to be stored"
            break
        except (JoulelabError, *BROKEN) as error:
            yield f"the run in {folder} cannot be stored: {error}"
    if done:
        yield f"{_runs(done)} of earlier stored now in {store.location}"


def _catch_up_study(store: RunStore, index: Path, folder: Path) -> int:
    """A study whose sweeper lives is that one's to store; what another left running has ended."""
    record = RunRecord.from_json((folder / STUDY_RECORD).read_text(encoding="utf-8"))
    if _owned(record, folder / STUDY_RECORD):
        return 0
    if record.status == "RUNNING":
        record.status, record.stop_wall_ns = "KILLED", time.time_ns()
    store.grow(record, folder, study_artifacts(folder))
    mark_stored(index, record.run_uid, folder, store.location)
    return 1


def study_artifacts(folder: Path) -> list[str]:
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and path.name not in ("stored", STUDY_RECORD) and path.suffix != ".tmp"
    )


def owner_lives(record: RunRecord) -> bool:
    """Whether the process that `record` is of still runs on this host (tags `pid`, `pid_start`)."""
    try:
        stat = Path(f"/proc/{record.tags['pid']}/stat").read_text(encoding="utf-8")
    except (OSError, KeyError):
        return False
    # proc(5): field 22, the start time; the name before the last ")" may hold spaces.
    return stat.rpartition(")")[2].split()[19] == record.tags.get("pid_start")


def _owned(record: RunRecord, path: Path) -> bool:
    if record.tags.get("host") in (None, socket.gethostname()):
        return owner_lives(record) and record.tags["pid"] != str(os.getpid())
    return time.time() - path.stat().st_mtime < GRACE_S


@contextmanager
def _alone(index: Path) -> Iterator[bool]:
    with (index / "pending" / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _entry(index: Path, run_uid: str) -> Path:
    return index / "pending" / run_uid


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
