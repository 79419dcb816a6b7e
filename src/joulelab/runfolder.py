"""The folder of a run: everything it knows, on disk first, in the store second.

record.json     the run's record, replaced atomically; status RUNNING while the run lives
config.yaml     the composed configuration
curve.jsonl     one line a curve point, as it goes
trace.*         the samples: a stream while it runs, `trace.parquet` and `phases.json` after
power.png       the run as its instruments saw it, where somebody drew it
model/          the fitted learner, where `save_model=true`
checkpoint/     the learner of a run that was paused or interrupted (`continuing.py`)
earlier.json    what came before a run that goes on from there
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from math import isnan
from pathlib import Path

from joulelab import observers
from joulelab.continuing import TRAIN_J, TRAINING, Earlier
from joulelab.errors import ConfigError, JoulelabError, StoreError
from joulelab.protocols import RunStore
from joulelab.records import CurvePoint, RunRecord
from joulelab.tracking import pending


def create(outputs: Path) -> Path:
    """A new folder `<date>/<time>-<uid>` below `outputs`; its last part is the run's uid."""
    now = time.localtime()
    parent = outputs / time.strftime("%Y-%m-%d", now)
    folder = parent / f"{time.strftime('%H-%M-%S', now)}-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(outputs, error) from error
    return folder.resolve()


FIGURE = "power.png"


def curve(folder: Path) -> Path:
    return folder / "curve.jsonl"


def model(folder: Path) -> Path:
    path = folder / "model"
    path.mkdir(exist_ok=True)
    return path


def open_record(folder: Path, record: RunRecord, index: Path, config_yaml: str) -> None:
    own(record)
    try:
        (folder / "config.yaml").write_text(config_yaml, encoding="utf-8")
        write_record(folder, record)
        pending.mark_pending(index, record.run_uid, folder)
    except OSError as error:
        raise _unwritable(index, error) from error


def _unwritable(outputs: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"cannot write there: {error.strerror}",
        where=str(outputs),
        cure="say paths.outputs=... for a folder that can be written",
    )


def own(record: RunRecord) -> None:
    """Says that this process is the one at work on it."""
    record.tags.update(pid=str(os.getpid()), pid_start=_start_of(os.getpid()))


def study_uid(study: Path) -> str | None:
    """Of the study in this folder; None where it is none."""
    try:
        text = (study / "study" / pending.STUDY_RECORD).read_text(encoding="utf-8")
        return RunRecord.from_json(text).run_uid
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(folder: Path, record: RunRecord, name: str = "record.json") -> None:
    target = folder / name
    scratch = target.with_suffix(".tmp")
    with scratch.open("w", encoding="utf-8") as out:
        out.write(record.to_json())
        out.flush()
        os.fsync(out.fileno())
    scratch.replace(target)


def discard(folder: Path, record: RunRecord, index: Path) -> None:
    """Forgets a run that ended before anything was measured."""
    pending.forget(index, record.run_uid)
    shutil.rmtree(folder, ignore_errors=True)


def settle(folder: Path, record: RunRecord) -> None:
    """Seals the trace and writes into `record` what it says: energies, coverage, provenance, and the
    curve's joules as the finished trace has them. Earlier pieces of the run come on top."""
    _settle_trace(folder, record)
    earlier = Earlier.read(folder)
    if earlier is not None:
        record.curve = earlier.joined(record.curve, fit_start_ns(folder))
        earlier.add_to(record)


def whole_curve(folder: Path, record: RunRecord) -> list[CurvePoint]:
    """Of a run that may go on: all points that are known, those of earlier pieces among them."""
    if record.curve:
        return record.curve
    own, earlier = observers.read_curve(curve(folder)), Earlier.read(folder)
    return own if earlier is None else earlier.joined(own, fit_start_ns(folder))


def fit_start_ns(folder: Path) -> int | None:
    """When the fit of the run began, None where it did not, or nobody knows."""
    sealed, edges = folder / "phases.json", folder / "phases.jsonl"
    try:
        if sealed.exists():
            phases = json.loads(sealed.read_text(encoding="utf-8"))["phases"]
            starts = [phase["start_ns"] for phase in phases if phase["name"] == "fit"]
        else:
            lines = edges.read_text(encoding="utf-8").splitlines()
            events = [json.loads(line) for line in lines]
            starts = [
                event["time_ns"]
                for event in events
                if event["edge"] == "begin" and event["name"] == "fit"
            ]
    except (OSError, ValueError, KeyError):
        return None
    return int(starts[0]) if starts else None


def _settle_trace(folder: Path, record: RunRecord) -> None:
    from joulelab.meters.energy import agreement, alignment, ledger
    from joulelab.meters.energy.intervals import whole_run
    from joulelab.meters.tracing import trace

    if not trace.exists(folder):
        record.tags["provenance"] = "none"
        return
    sealed = trace.seal(folder)
    stamped = trace.load(folder)
    whole = alignment.aligned(stamped)
    if whole is not stamped:
        trace.write(whole, sealed)
    settled = ledger.settle(whole)
    record.metrics.update(ledger.metrics(whole, settled))
    record.metrics.update(alignment.metrics(whole))
    record.metrics.update(agreement.metrics(agreement.agreements(whole, whole_run(whole.phases))))
    record.tags["provenance"] = settled.work.provenance if settled.work else "none"
    record.tags["headline"] = ",".join(settled.headline_channels)
    times_ns = [point.time_ns for point in record.curve]
    joules = ledger.curve_energy_j(whole, settled, times_ns)
    trained = ledger.phase_energy_j(whole, settled, TRAINING, times_ns)
    record.curve = [
        replace(
            point,
            energy_j=float(energy_j),
            metrics=point.metrics if isnan(part_j) else {**point.metrics, TRAIN_J: float(part_j)},
        )
        for point, energy_j, part_j in zip(record.curve, joules, trained, strict=True)
    ]


def store(folder: Path, record: RunRecord, run_store: RunStore, index: Path) -> str | None:
    """Writes the run to the store; a sentence where that has to wait for the next run."""
    present = [name for name in pending.ARTIFACTS if (folder / name).exists()]
    try:
        run_store.put(record, folder, present)
    except StoreError as error:
        return f"{error}; the run is kept in {folder} and stored when the next one starts"
    pending.mark_stored(index, record.run_uid, folder, run_store.location)
    return None


def recover(run_store: RunStore, index: Path) -> Iterator[str]:
    """Settles runs whose process died without a word, then stores all that wait. Never raises a
    JoulelabError: the new run matters more."""
    for folder in pending.folders(index):
        if (folder / pending.STUDY_RECORD).exists():
            continue
        try:
            record = RunRecord.from_json((folder / "record.json").read_text(encoding="utf-8"))
            if record.status != "RUNNING" or pending.owner_lives(record):
                continue
            record.curve = observers.read_curve(curve(folder))
            record.status, record.error = "FAILED", "the process was killed"
            settle(folder, record)
            write_record(folder, record)
            yield f"run {record.run_uid} was killed; what it had measured is kept in {folder}"
        except (OSError, ValueError, JoulelabError) as error:
            yield f"the run in {folder} cannot be read: {error}"
    yield from pending.catch_up(run_store, index)


def _start_of(pid: int) -> str:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return stat.rpartition(")")[2].split()[19]
