"""`joulelab import recording [key=value ...]`: a measurement made elsewhere becomes a stored run."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from joulelab import build, config, runfolder, screen
from joulelab.analysis import traces
from joulelab.analysis.figures import powers, static
from joulelab.analysis.figures.spec import Figure
from joulelab.errors import ConfigError
from joulelab.meters import recordings
from joulelab.meters.energy.intervals import whole_run
from joulelab.meters.tracing import trace
from joulelab.protocols import RunStore
from joulelab.records import Instant, Phase, RunRecord, Trace


def import_recording(cfg: DictConfig, choices: dict[str, str]) -> RunRecord:
    """Stores the recording as a run: energies by phase, agreement of its instruments, a figure.

    Where it tells no phases, `fit` is the time that all its instruments saw. DataError for a
    recording that cannot be read.
    """
    path = Path(cfg.recording)
    recorded = with_phases(_load(cfg, path))
    store, _ = build.build_store(cfg.tracking)
    outputs = Path(cfg.paths.outputs)
    folder = runfolder.create(outputs)
    record = record_of(
        recorded,
        path,
        folder,
        name=cfg.name or path.resolve().name,
        experiment=cfg.tracking.get("experiment", "joulelab"),
        params=config.parameters(cfg, choices),
    )
    waits = keep(recorded, record, folder, store, outputs, config.yaml_text(cfg))
    console = Console(highlight=False)
    if waits is not None:
        console.print(f"joulelab: {waits}", style="yellow", markup=False)
    screen.close_run(console, record, store.location, str(folder))
    console.print(screen.instruments_table(traces.energies(recorded, traces.span(recorded))))
    return record


def record_of(
    recorded: Trace, path: Path, folder: Path, name: str, experiment: str, params: dict[str, str]
) -> RunRecord:
    """The record of a recording at `path` whose run's folder is `folder`."""
    start_wall_ns, stop_wall_ns = _wall_ns(recorded)
    return RunRecord(
        run_uid=folder.name.rpartition("-")[2],
        name=name,
        experiment=experiment,
        status="FINISHED",
        start_wall_ns=start_wall_ns,
        stop_wall_ns=stop_wall_ns,
        params=params,
        tags={
            "imported": "true",
            "recording": str(path),
            "config_hash": f"import-{path.resolve().name}",
        },
    )


def keep(
    recorded: Trace,
    record: RunRecord,
    folder: Path,
    store: RunStore,
    outputs: Path,
    config_yaml: str,
) -> str | None:
    """Writes the run's folder and the store; a sentence where the store has to wait."""
    runfolder.open_record(folder, record, outputs, config_yaml)
    trace.write(recorded, folder / trace.SEALED)
    runfolder.settle(folder, record)
    drawn = powers.power(trace.load(folder), "power", record.name)
    if isinstance(drawn, Figure):
        static.picture(drawn, folder / runfolder.FIGURE)
    runfolder.write_record(folder, record)
    return runfolder.store(folder, record, store, outputs)


def with_phases(recorded: Trace) -> Trace:
    if recorded.phases:
        return recorded
    start_ns, stop_ns = recordings.common_span(recorded)
    return replace(recorded, phases=[Phase("fit", start_ns, stop_ns)])


def _load(cfg: DictConfig, path: Path) -> Trace:
    if not path.exists():
        raise ConfigError("there is no such file or folder", where=str(path), cure="check the path")
    options = {"interval_s": cfg.interval_s, "utc_offset_h": cfg.utc_offset_h}
    return recordings.load(path, **options)


def _wall_ns(recorded: Trace) -> tuple[int, int]:
    """Start and end; where nothing tells when it was, its end is taken for now."""
    ((start_ns, stop_ns),) = whole_run(recorded.phases)
    anchor = recorded.anchor or Instant(stop_ns, time.time_ns())
    ahead_ns = anchor.wall_ns - anchor.monotonic_ns
    return start_ns + ahead_ns, stop_ns + ahead_ns
