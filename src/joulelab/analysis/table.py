"""One tidy row a run: what was chosen, what varied, what it cost, what it reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from joulelab.analysis import reasons
from joulelab.analysis.names import nearest
from joulelab.analysis.params import CHOICES, Params
from joulelab.errors import DataError

TAGS = ("provenance", "headline", "host", "hardware_fingerprint", "config_hash", "sweep_id", "seed")
QUALITY_ROOTS = ("test/", "val/")
PHASES = ("idle", "warmup", "fit", "evaluate", "idle_after", "other")
PREFERRED = ("test/f1_macro", "test/accuracy", "test/", "val/f1_macro", "val/accuracy", "val/")
SCORE = re.compile(r"(?<![a-z])(f1|accuracy|auc|r2|ap|iou|bleu|map)(?![a-z])", re.IGNORECASE)
WHOLE = "energy_j/run/"
NO_CURVE = ("run_id", "step", "energy_j")


@dataclass
class Runs:
    """Everything an analysis knows of its runs.

    `table`: one row a run. `<energy>_u` is the combined standard uncertainty (k = 1), `left_out` is
    empty or says why the run enters no comparison. `factors` names the columns that were chosen and
    differ between runs, in the order in which they name one; `qualities` the quality metrics, the
    preferred first. `nan` holds, by metric, the rows in which the store has "not a number". `url` is
    the root of the store's own UI, to which `ui_path` is added.
    """

    table: pd.DataFrame
    factors: list[str]
    energy: str
    qualities: list[str]
    notes: list[str] = field(default_factory=list)
    url: str | None = None
    nan: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    read_curves: Callable[[], pd.DataFrame] | None = None

    @property
    def varying(self) -> list[str]:
        """The factors but model, data and hardware."""
        return [name for name in self.factors if name not in CHOICES]

    @property
    def kept(self) -> pd.DataFrame:
        return self.table[self.table["left_out"] == ""]

    @property
    def left_out(self) -> pd.DataFrame:
        """`run_id`, `name`, `why`."""
        return _why(self.table, "left_out")

    @property
    def doubts(self) -> pd.DataFrame:
        """`run_id`, `name`, `why` of runs that are kept, but not beyond doubt."""
        return _why(self.kept, "doubt")

    @property
    def phases(self) -> list[str]:
        """Columns of the energies of the phases that add up to a run, in the order of its life."""
        return [f"energy_j/{name}" for name in PHASES if f"energy_j/{name}" in self.table]

    @property
    def instruments(self) -> dict[str, str]:
        """What one instrument or channel saw of whole runs: its name -> column, in J."""
        names = [
            column.removeprefix(WHOLE)
            for column in self.table.columns
            if column.startswith(WHOLE) and not column.endswith(("_u_independent", "_u_shared"))
        ]
        return {name: WHOLE + name for name in names}

    @cached_property
    def curves(self) -> pd.DataFrame:
        """`run_id` (categorical), `step`, `energy_j` since the start of fit, and a column a metric;
        read when first asked for. By run in the order of `table`, then by step."""
        if self.read_curves is None:
            return pd.DataFrame({name: pd.Series(dtype=float) for name in NO_CURVE})
        return self.read_curves()


def collect(
    runs: pa.Table | Sequence[Mapping[str, Any]],
    energy: str = "energy_j",
    read_curves: Callable[[], pd.DataFrame] | None = None,
) -> Runs:
    """The runs in the order given, from a table of `RunStore.frame` or rows of `RunStore.rows`.
    DataError for none, ConfigError for an energy that none has."""
    frame = _frame(runs)
    if frame.num_rows == 0:
        raise DataError("there is no run to analyse", cure="python train.py makes one")
    params = Params(frame)
    factors = params.varying()
    metrics, nan = _metrics(frame)
    names = (*CHOICES, *(name for name in factors if name not in CHOICES))
    columns: dict[str, Any] = {name: _texts(frame, name) for name in ("run_id", "name", "status")}
    columns["start"] = pd.to_datetime(frame["start_wall_ns"].to_numpy(), utc=True)
    columns |= {name: params.column(name) for name in names}
    columns |= _energy(metrics, energy)
    columns |= {key: _texts(frame, f"tags.{key}") for key in TAGS}
    for key in ("synthetic", "concurrent"):
        columns[key] = np.array([text == "true" for text in _texts(frame, f"tags.{key}")])
    columns |= {name: values for name, values in metrics.items() if name not in columns}
    columns["ui_path"] = _texts(frame, "ui_path")
    table = pd.DataFrame(columns)
    qualities = [name for name in table.columns if name.startswith(QUALITY_ROOTS)]
    found = Runs(table, factors, energy, by_preference(qualities), nan=nan, read_curves=read_curves)
    reasons.mark(found, _texts(frame, "tags.error"), _texts(frame, "tags.stopped"))
    return found


def by_preference(qualities: Sequence[str]) -> list[str]:
    """What is known best first; of the others on one part of the data, scores before losses and
    counts."""

    def rank(name: str) -> tuple[int, bool, str]:
        exact = [PREFERRED.index(name)] if name in PREFERRED else []
        roots = [
            at for at, root in enumerate(PREFERRED) if root[-1] == "/" and name.startswith(root)
        ]
        return min([*exact, *roots, len(PREFERRED)]), SCORE.search(name) is None, name

    return sorted(qualities, key=rank)


def _frame(runs: pa.Table | Sequence[Mapping[str, Any]]) -> pa.Table:
    if isinstance(runs, pa.Table):
        return runs
    from joulelab.tracking.columns import table_of

    return table_of(runs)


def _metrics(
    frame: pa.Table,
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.bool_]]]:
    """All metrics but the ends of curves, NaN where missing; and where NaN was stored."""
    found, nan = {}, {}
    for key in sorted(frame.column_names):
        name = key.removeprefix("metrics.")
        if name == key or name.startswith("curve/"):
            continue
        column = frame[key]
        found[name] = column.to_numpy().astype(np.float64)
        stored = np.isnan(found[name]) & column.is_valid().to_numpy()
        if stored.any():
            nan[name] = stored
    return found, nan


def _energy(metrics: Mapping[str, npt.NDArray[np.float64]], energy: str) -> dict[str, Any]:
    if energy not in metrics:
        known = [name for name in metrics if name.startswith("energy_") and "_u_" not in name]
        if known:
            raise nearest("energy", energy, known)
    missing = np.full(len(next(iter(metrics.values()), ())), np.nan)
    keys = (energy, f"{energy}_u_independent", f"{energy}_u_shared")
    columns = {key: metrics.get(key, missing) for key in keys}
    return columns | {f"{energy}_u": np.hypot(columns[keys[1]], columns[keys[2]])}


def _texts(frame: pa.Table, key: str) -> list[str | None]:
    if key not in frame.column_names:
        return [None] * frame.num_rows
    texts: list[str | None] = frame[key].to_pylist()
    return texts


def _why(table: pd.DataFrame, column: str) -> pd.DataFrame:
    rows = table.loc[table[column] != "", ["run_id", "name", column]]
    return rows.rename(columns={column: "why"}).reset_index(drop=True)
