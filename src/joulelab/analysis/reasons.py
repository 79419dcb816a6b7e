"""Why a run enters no comparison, or enters it in doubt: one sentence each, nothing dropped silently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from joulelab.records import StopReason

if TYPE_CHECKING:
    from joulelab.analysis.table import Runs

UNFINISHED = {
    "FAILED": "failed",
    "KILLED": "killed before its end",
    "RUNNING": "still running, or its process died",
    "SCHEDULED": "not started yet",
}
COVERED = 0.99


def mark(runs: Runs, errors: Sequence[str | None], stopped: Sequence[str | None]) -> None:
    """Writes the columns `left_out` and `doubt`; `errors` says what ended a run, `stopped` why one
    ended before its time in good order."""
    table, energy = runs.table, runs.energy
    table["left_out"] = [
        _unfinished(status, error) for status, error in zip(table["status"], errors, strict=True)
    ]
    leave_out(table, of_metric(runs, energy, f"no {energy}: nothing weighed it"))
    paused = pd.Series([each == StopReason.PAUSED for each in stopped], index=table.index)
    leave_out(
        table, _where(paused, "paused: the run that goes on with it has its joules and curve")
    )
    zero = table[energy] == 0
    if energy.startswith("energy_j"):
        leave_out(
            table, _where(zero, f"{energy} is exactly 0 J: less than its instrument resolves")
        )
    leave_out(table, _duplicates(table))
    table["doubt"] = _doubts(table)


def leave_out(table: pd.DataFrame, why: pd.Series) -> None:
    """The first reason stays."""
    table["left_out"] = table["left_out"].where(table["left_out"] != "", why)


def of_metric(runs: Runs, name: str, absent: str) -> pd.Series:
    """ "" for a run whose metric is a finite number."""
    values = runs.table[name]
    stored_nan = runs.nan.get(name, np.zeros(len(values), dtype=bool))
    why = _where(values.isna(), absent)
    why[stored_nan] = f"{name} is not a number"
    why[np.isinf(values)] = f"{name} is infinite"
    return why


def _where(condition: pd.Series, why: str) -> pd.Series:
    return pd.Series(np.where(condition, why, ""), index=condition.index, dtype=object)


def _duplicates(table: pd.DataFrame) -> pd.Series:
    """Of runs with one id the last one counts, of those that nothing else leaves out."""
    usable = table["left_out"] == ""
    repeated = (
        table["run_id"][usable].duplicated(keep="last").reindex(table.index, fill_value=False)
    )
    return _where(repeated, "duplicated id: a later run has the same")


def _doubts(table: pd.DataFrame) -> pd.Series:
    """What a reader must know of a run before trusting its joules."""
    reasons = pd.Series([""] * len(table), index=table.index, dtype=object)
    reasons = _with(
        reasons, table["concurrent"], "other jobs ran on its machine: it may hold their joules"
    )
    for name in table.columns:
        if name.startswith("coverage/") and table[name].dtype == float:
            low = table[name] < COVERED
            seen = table[name].map("{:.0%}".format, na_action="ignore").astype(object)
            reasons = _with(
                reasons, low, name.removeprefix("coverage/") + " saw only " + seen + " of it"
            )
    return reasons


def _with(reasons: pd.Series, condition: pd.Series, why: str | pd.Series) -> pd.Series:
    added = reasons.where(reasons == "", reasons + "; ") + why
    return reasons.where(~condition, added)


def _unfinished(status: str | None, error: str | None) -> str:
    reason = UNFINISHED.get(status or "", "")
    return f"{reason}: {error}" if reason and error else reason
