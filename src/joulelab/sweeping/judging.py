"""What the end of a trial says of the sweep: whether it makes sense to go on."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from joulelab.errors import ConfigError, RunFailed
from joulelab.sweeping import folders, job
from joulelab.sweeping.trials import Live, Measure
from joulelab.sweeps.history import History, State
from joulelab.sweeps.objectives import CONSTRAINTS, check_logged

UNLOGGED = "no run logs"
HOPELESS = 3
"""So many failed trials, and none that went well, end a sweep."""


class Judging:
    """Hears of every trial's end."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._failed, self._succeeded = 0, False

    def unlogged(self, seen: Sequence[folders.Seen]) -> str:
        """Why a run that ended well has no point."""
        known = {name for each in seen if each.curve for name in each.at(len(each.curve) - 1)}
        along = {name for each in seen for point in each.curve for name in point.metrics}
        missing = [name for name in self._measure.objectives if name not in known]
        if not missing:
            return "an objective is NaN at every point"
        near = difflib.get_close_matches(missing[0], sorted(known), 1, 0.6)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"{UNLOGGED} {missing[0]}; {hint}curves have {', '.join(sorted(along))}, energy_j"

    def ended(self, live: Live, state: State, failure: str | None, history: History) -> None:
        """ConfigError for an objective or a constraint on what runs do not log; RunFailed where every
        trial fails."""
        if state == "done":
            self._check_bounded(live)
            self._succeeded = True
            return
        self._failed += 1
        if self._succeeded or any(trial.points for trial in history.trials.values()):
            return
        if (failure or "").startswith(UNLOGGED):
            raise ConfigError(str(failure), where="objectives")
        if self._failed >= HOPELESS:
            raise RunFailed(f"every trial fails: {failure}", where=str(live.folder / job.LOG))

    def _check_bounded(self, live: Live) -> None:
        """ConfigError for a constraint on what the first run that came to its end did not log."""
        seen = live.seen()
        if self._succeeded or not seen or seen[-1].record.status != "FINISHED":
            return
        if len(seen[-1].curve) >= live.whole:
            check_logged(self._measure.bounded, seen[-1].record.metrics, CONSTRAINTS)
