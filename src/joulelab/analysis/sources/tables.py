"""Runs from a table that was made elsewhere: CSV, gzipped CSV or Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from omegaconf import DictConfig

from joulelab.analysis import reasons
from joulelab.analysis.names import nearest
from joulelab.analysis.sources.files import numbers, read_table, require
from joulelab.analysis.table import TAGS, WHOLE, Runs
from joulelab.config import plain
from joulelab.errors import ConfigError
from joulelab.protocols import RunStore
from joulelab.units import J_PER_KWH, J_PER_WH

UNITS = {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "mWh": J_PER_WH / 1e3, "Wh": J_PER_WH, "kWh": J_PER_KWH}
PROVENANCES = ("measured", "estimated")
OURS = ("run_id", "name", "status", "start", "data", "ui_path", "left_out", "doubt", *TAGS)
"""Columns of every table of runs: a factor of that name is called otherwise."""


class TableSource:
    """`file` and `columns` of conf/analyze.yaml. ConfigError for a key that does not fit the file."""

    needs_store = False

    def __init__(self, cfg: DictConfig) -> None:
        if not cfg.file:
            raise ConfigError("needs a file", where="source=csv", cure="say file=runs.csv")
        self._path = Path(str(cfg.file))
        columns: dict[str, Any] = dict(plain(cfg.columns))
        self._columns = columns
        self._energies = {str(key): str(name) for key, name in (columns["energies"] or {}).items()}
        self._qualities = _list(columns["quality"])
        self._factors = _list(columns["factors"])
        self.quality = self._qualities[0] if self._qualities else None
        if not (columns["energy"] or self._energies):
            raise ConfigError(
                "needs a column", where="columns.energy", cure="say columns.energy=..."
            )
        if not self._qualities:
            raise ConfigError(
                "needs a column", where="columns.quality", cure="say columns.quality=..."
            )
        unit = str(columns["energy_unit"])
        if unit not in UNITS:
            raise ConfigError(
                f"{unit!r} is no unit that is known",
                where="columns.energy_unit",
                cure=f"say one of {', '.join(UNITS)}",
            )
        self._j_per_unit = UNITS[unit]

    def label(self, store: RunStore | None) -> str:
        return str(self._path)

    def read(self, store: RunStore | None, energy: str) -> Runs:
        found = read_table(self._path)
        require(found, self._asked(), self._path)
        joules, nan = self._joules(found)
        table = pd.DataFrame(self._identity(found) | self._work(found) | joules)
        for name in self._qualities:
            table[name], odd = numbers(found[name])
            nan |= {name: odd} if odd.any() else {}
        if energy not in joules:
            known = [
                name for name in joules if not name.endswith(("_independent", "_shared", "_u"))
            ]
            raise nearest("energy", energy, known)
        if energy != "energy_j":
            table[f"{energy}_u_independent"], table[f"{energy}_u_shared"] = np.nan, 0.0
            table[f"{energy}_u"] = np.nan
        names = [self._ours(name) for name in self._factors]
        factors = [name for name in names if table[name].nunique(dropna=False) > 1]
        runs = Runs(table, factors, energy, list(self._qualities), nan=nan)
        if not self._columns["u_energy"]:
            runs.notes.append(
                f"{self._path.name} tells no uncertainty of its meter: ± is the scatter of repeats"
            )
        nothing = [None] * len(table)
        reasons.mark(runs, nothing, nothing)
        return runs

    def _asked(self) -> Mapping[str, Sequence[str]]:
        """Names of columns, by the key that says them."""
        columns = self._columns
        asked = {"quality": self._qualities, "factors": self._factors}
        asked |= {f"energies.{key}": [name] for key, name in self._energies.items()}
        for key in ("u_energy", "panel", "duration", "id", "name"):
            asked[key] = _list(columns[key])
        if columns["energy"] and columns["energy"] not in self._energies:
            asked["energy"] = [str(columns["energy"])]
        if self._provenance() not in PROVENANCES:
            asked["provenance"] = [self._provenance()]
        return asked

    def _identity(self, found: pd.DataFrame) -> dict[str, Any]:
        columns, count = self._columns, len(found)
        ids = found[columns["id"]].astype(str) if columns["id"] else _row_names(count)
        panel = columns["panel"]
        stem = self._path.name.partition(".")[0]
        return {
            "run_id": list(ids),
            "name": list(found[columns["name"]].astype(str)) if columns["name"] else list(ids),
            "status": ["FINISHED"] * count,
            "start": pd.Series([pd.NaT] * count, dtype="datetime64[ns, UTC]"),
            "ui_path": [None] * count,
            "data": list(found[panel].astype(str)) if panel else [stem] * count,
        }

    def _work(self, found: pd.DataFrame) -> dict[str, Any]:
        columns, count = self._columns, len(found)
        work: dict[str, Any] = {"model": [None] * count, "hardware": [None] * count}
        work |= {self._ours(name): found[name].to_numpy() for name in self._factors}
        duration = columns["duration"]
        work["duration_s"] = numbers(found[duration])[0] if duration else np.full(count, np.nan)
        work |= {tag: [None] * count for tag in TAGS}
        # Rows that agree in all factors are repeats of one configuration.
        if self._factors:
            codes = found.groupby(self._factors, dropna=False, sort=False).ngroup()
            work["config_hash"] = [f"configuration {code}" for code in codes]
        told = self._provenance()
        work["provenance"] = [told] * count if told in PROVENANCES else list(found[told])
        work["headline"] = [self._headline()] * count
        work["synthetic"] = work["concurrent"] = np.zeros(count, dtype=bool)
        return work

    def _joules(
        self, found: pd.DataFrame
    ) -> tuple[dict[str, Any], dict[str, npt.NDArray[np.bool_]]]:
        """Energy columns in J, and where a cell is there but no number."""
        headline = self._headline()
        values, odd = numbers(found[self._energies.get(headline, headline)])
        u = np.full(len(found), np.nan)
        if self._columns["u_energy"]:
            u = numbers(found[str(self._columns["u_energy"])])[0] * self._j_per_unit
        joules: dict[str, Any] = {"energy_j": values * self._j_per_unit}
        joules |= {"energy_j_u_independent": u, "energy_j_u_shared": np.zeros(len(found))}
        joules["energy_j_u"] = u
        for key, name in self._energies.items():
            joules[WHOLE + key] = numbers(found[name])[0] * self._j_per_unit
        if self._energies and headline not in self._energies:
            joules[WHOLE + headline] = joules["energy_j"]
        return joules, ({"energy_j": odd} if odd.any() else {})

    def _headline(self) -> str:
        """A column, or a name among the energies."""
        return str(self._columns["energy"] or next(iter(self._energies)))

    def _provenance(self) -> str:
        """A column, or one of the two kinds for all."""
        if self._columns["provenance"]:
            return str(self._columns["provenance"])
        return "estimated" if "codecarbon" in self._headline().casefold() else "measured"

    def _ours(self, factor: str) -> str:
        return f"{factor} (column)" if factor in OURS else factor


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _row_names(count: int) -> list[str]:
    return [f"row {number}" for number in range(1, count + 1)]
