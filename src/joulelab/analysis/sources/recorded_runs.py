"""Recordings made elsewhere, a folder each, as runs: imported into the store once, then analysed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
from omegaconf import DictConfig

from joulelab import importing, runfolder
from joulelab.analysis.sources import beside
from joulelab.analysis.sources.runs_of_store import curves
from joulelab.analysis.table import Runs, collect
from joulelab.errors import ConfigError, DataError
from joulelab.meters import recordings
from joulelab.protocols import RunStore
from joulelab.units import NS_PER_S

DIGEST = "recording_digest"
NOT_HIDDEN = "[!.]*"


class RecordingsSource:
    """`file`: a folder that holds a folder a recording. What `beside` finds in each joins its run."""

    needs_store = True
    quality: str | None = None

    def __init__(self, cfg: DictConfig) -> None:
        if not cfg.file:
            raise ConfigError(
                "needs a folder", where="source=recordings", cure="say file=path/to/recordings"
            )
        self._folder = Path(str(cfg.file))
        self._outputs = Path(cfg.paths.outputs)
        self._experiment = str(cfg.tracking.get("experiment", "joulelab"))

    def label(self, store: RunStore | None) -> str:
        return str(self._folder)

    def read(self, store: RunStore | None, energy: str) -> Runs:
        assert store is not None
        notes: list[str] = []
        digests = {digest(path): path for path in self._found()}
        known = _known(store)
        for each, path in digests.items():
            if each not in known:
                notes += self._import(path, each, store)
        frame = store.frame("tags.imported = 'true'")
        if f"tags.{DIGEST}" in frame.column_names:
            wanted = [each in digests for each in frame[f"tags.{DIGEST}"].to_pylist()]
            frame = frame.filter(wanted)
        else:
            frame = frame.slice(0, 0)
        if frame.num_rows == 0:
            raise DataError("; ".join(notes), where=str(self._folder))
        runs = collect(frame, energy, lambda: curves(store, frame))
        runs.notes += notes
        kept = runs.kept
        runs.factors = [name for name in runs.factors if kept[name].nunique(dropna=False) > 1]
        return runs

    def _found(self) -> list[Path]:
        if not self._folder.is_dir():
            raise ConfigError("there is no such folder", where=str(self._folder), cure="check file")
        folders = sorted(path for path in self._folder.glob(NOT_HIDDEN) if path.is_dir())
        if not folders:
            raise DataError("no folder in it", where=str(self._folder), cure="one a recording")
        return folders

    def _import(self, path: Path, mark: str, store: RunStore) -> Iterator[str]:
        """A sentence for what cannot be a run, or has to wait."""
        try:
            recorded = importing.with_phases(recordings.load(path, utc_offset_h=None))
            params = {"data": self._folder.resolve().name, **beside.params(path)}
            metrics = beside.metrics(path)
            metrics |= beside.baselines(path, metrics)
        except DataError as error:
            yield f"{path.name} is no run: {error}"
            return
        folder = runfolder.create(self._outputs)
        record = importing.record_of(recorded, path, folder, path.name, self._experiment, params)
        record.metrics.update(metrics)
        record.tags[DIGEST] = mark
        lasted_s = ((record.stop_wall_ns or record.start_wall_ns) - record.start_wall_ns) / NS_PER_S
        record.metrics.setdefault("duration_s", lasted_s)
        waits = importing.keep(
            recorded, record, folder, store, self._outputs, f"recording: {path}\n"
        )
        if waits is not None:
            yield waits


def digest(folder: Path) -> str:
    """Of names and contents of the files in it."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        whole.update(path.name.encode())
        with path.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()


def _known(store: RunStore) -> set[str]:
    frame = store.frame("tags.imported = 'true'")
    column = f"tags.{DIGEST}"
    if column not in frame.column_names:
        return set()
    return set(pc.unique(frame[column]).to_pylist())
