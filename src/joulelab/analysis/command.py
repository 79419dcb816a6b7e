"""`python analyze.py`: from what the store holds to tables, pictures and an answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from omegaconf import DictConfig
from rich.console import Console

from joulelab import build, screen
from joulelab.analysis import carbon, configurations, duels, recorded, report, sources, traces
from joulelab.analysis.figures import powers, static
from joulelab.analysis.figures.spec import Figure
from joulelab.analysis.options import Options
from joulelab.analysis.subject import Analysis
from joulelab.config import plain
from joulelab.errors import ConfigError, DataError
from joulelab.meters.tracing import trace
from joulelab.protocols import RunStore


def analyze(cfg: DictConfig) -> Path:
    """Prints the report and writes tables and figures into a new folder, which it returns."""
    if cfg.run:
        roots = [Path(cfg.paths.outputs), Path(cfg.paths.multirun)]
        return one_run(str(cfg.run), roots, Path(cfg.paths.reports))
    asked = sources.of(cfg)
    store = build.build_store(cfg.tracking)[0] if asked.needs_store else None
    options = options_of(cfg, store, asked.label(store))
    runs = asked.read(store, options.energy)
    carbon.add_columns(runs.table, runs.energy, options.intensity, options.price_per_kwh)
    comparisons = configurations.compare(
        runs, options.quality or asked.quality, options.by, options.objectives
    )
    pair = duels.pair(runs, options.compare, comparisons) if options.compare else None
    roots = [Path(cfg.paths.outputs), Path(cfg.paths.multirun)]
    analysis = Analysis(
        runs, comparisons, pair, options, options.source, options.command, roots, store,
        options.log_figures,
    )  # fmt: skip
    folder = new_folder(Path(cfg.paths.reports))
    write_tables(folder, analysis)
    report.make(analysis, folder, Console(highlight=False))
    return folder


def options_of(cfg: DictConfig, store: RunStore | None, source: str) -> Options:
    """ConfigError for what cannot be meant."""
    return Options(
        by=_names(cfg.by, "by"),
        quality=cfg.quality,
        energy=str(cfg.energy),
        objectives=_names(cfg.objectives, "objectives", (2, 3)),
        compare=_names(cfg.compare, "compare", (2,)),
        intensity=carbon.intensity_of(cfg.intensity),
        price_per_kwh=carbon.price_of(cfg.price_per_kwh),
        currency=str(cfg.currency),
        outputs=Path(cfg.paths.outputs),
        log_figures=bool(cfg.log_figures),
        command=" ".join(["analyze.py", *sys.argv[1:]]),
        source=source,
        store=store,
    )


def one_run(name: str, roots: Sequence[Path], reports: Path) -> Path:
    """Power over time of one run, by instrument. `name`: its folder, its trace file, or its id."""
    found = recorded.places(name, roots)
    if not found:
        raise DataError(
            f"there is no run {name}",
            where=" and ".join(map(str, roots)),
            cure="name a run's folder, its trace.parquet, or its id",
        )
    read = trace.load(found[0])
    folder = new_folder(reports)
    drawn = powers.power(read, "power", found[0].name)
    console = Console(highlight=False)
    console.print(screen.instruments_table(traces.energies(read, traces.span(read))))
    if isinstance(drawn, Figure):
        paths = static.write(drawn, folder)
        console.print(f"written to {paths[0]}", markup=False, soft_wrap=True)
    else:
        console.print(drawn.sentence, markup=False)
    return folder


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


def write_tables(folder: Path, analysis: Analysis) -> None:
    """`runs`, `configurations`, `curves` and `left_out`, each as CSV and as Parquet, where there
    are any; curves, which may be millions of points, as Parquet alone."""
    runs = analysis.runs
    tables = {"runs": runs.table}
    if analysis.comparisons:
        tables["configurations"] = pd.concat(
            [comparison.table for comparison in analysis.comparisons], ignore_index=True
        )
    if len(runs.left_out):
        tables["left_out"] = runs.left_out
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    if len(runs.curves):
        runs.curves.to_parquet(folder / "curves.parquet", index=False)


def _names(value: object, key: str, counts: tuple[int, ...] = ()) -> list[str] | None:
    if value is None:
        return None
    found = [value] if isinstance(value, str | int | float) else list(plain(value))
    if counts and len(found) not in counts:
        many = " or ".join({2: "two", 3: "three"}[count] for count in counts)
        raise ConfigError(f"takes {many} names", where=key, cure=f"say {key}=[a,b]")
    return [str(each) for each in found]


def _unwritable(reports: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"cannot write there: {reason}",
        where=str(reports),
        cure="say paths.reports=... for a folder that can be written",
    )
