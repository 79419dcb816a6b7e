"""`python analyze.py`: from what the store holds to tables, a picture and an answer."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
from omegaconf import DictConfig
from rich.console import Console

from joulelab import build, screen
from joulelab.analysis import configurations, report, table, traces
from joulelab.analysis.figures import powers, static
from joulelab.analysis.figures.spec import Figure
from joulelab.analysis.subject import Analysis
from joulelab.config import plain
from joulelab.errors import ConfigError, DataError
from joulelab.meters.tracing import trace


def analyze(cfg: DictConfig) -> Path:
    """Prints the report and writes tables and figures into a new folder, which it returns."""
    if cfg.run:
        return one_run(str(cfg.run), Path(cfg.paths.outputs), Path(cfg.paths.reports))
    store, _ = build.build_store(cfg.tracking)
    rows = store.rows(selection(cfg.select, cfg.sweep_id))
    if not rows:
        chosen = " that select or sweep chooses" if cfg.select or cfg.sweep_id else ""
        raise DataError(
            f"there is no run{chosen}",
            where=store.location.partition(" (")[0],
            cure="check select and sweep" if chosen else "python train.py makes one",
        )
    runs = table.collect(rows, cfg.energy)
    by = plain(cfg.by)
    comparisons = configurations.compare(runs, cfg.quality, [by] if isinstance(by, str) else by)
    folder = new_folder(Path(cfg.paths.reports))
    write_tables(folder, runs, comparisons)
    analysis = Analysis(
        runs, comparisons, source=store.location.partition(" (")[0],
        outputs=Path(cfg.paths.outputs), store=store,
    )  # fmt: skip
    report.make(analysis, folder, Console(highlight=False))
    return folder


def one_run(name: str, outputs: Path, reports: Path) -> Path:
    """Power over time of one run, by instrument. `name`: its folder, its trace file, or its id."""
    found = [path for path in (Path(name), *outputs.glob(f"*/*-{name}")) if path.exists()]
    if not found:
        raise DataError(
            f"there is no run {name}",
            where=str(outputs),
            cure="name a run's folder, its trace.parquet, or its id",
        )
    recorded = trace.load(found[0])
    folder = new_folder(reports)
    drawn = powers.power(recorded, "power", found[0].name)
    console = Console(highlight=False)
    console.print(screen.instruments_table(traces.energies(recorded, traces.span(recorded))))
    if isinstance(drawn, Figure):
        paths = static.write(drawn, folder)
        console.print(f"written to {paths[0]}", markup=False, soft_wrap=True)
    else:
        console.print(drawn.sentence, markup=False)
    return folder


def selection(select: str | None, sweep_id: str | None) -> str | None:
    """Both conditions in the store's filter language."""
    parts = [select] if select else []
    if sweep_id:
        parts.append(f"tags.sweep_id = '{sweep_id}'")
    return " and ".join(parts) or None


def new_folder(reports: Path) -> Path:
    """`<reports>/<date>_<time>`, with a number behind it where two start within one second."""
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    for number in range(1, 1000):
        folder = reports / (stamp if number == 1 else f"{stamp}_{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if reports.is_dir():
                continue
            raise _unwritable(reports, "it is no folder") from None
        except OSError as error:
            raise _unwritable(reports, error.strerror or str(error)) from error
        return folder
    raise _unwritable(reports, "too many reports within one second")


def write_tables(
    folder: Path, runs: table.Runs, comparisons: list[configurations.Comparison]
) -> None:
    """`runs` and `configurations`, each as CSV and as Parquet."""
    tables = {"runs": runs.table}
    if comparisons:
        tables["configurations"] = pd.concat(
            [comparison.table for comparison in comparisons], ignore_index=True
        )
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        frame.to_parquet(folder / f"{name}.parquet", index=False)


def _unwritable(reports: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"cannot write there: {reason}",
        where=str(reports),
        cure="say paths.reports=... for a folder that can be written",
    )
