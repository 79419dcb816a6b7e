"""Stored rows as the history that a strategy sees, and as what was spent."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Mapping
from typing import Any

from joulelab.errors import ConfigError
from joulelab.sweeps import curves
from joulelab.sweeps.budget import Spent
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import History, State, Trial
from joulelab.sweeps.objectives import violations
from joulelab.sweeps.storage import Row

STATES: dict[str, State] = {
    "RUNNING": "running",
    "WAITING": "paused",
    "COMPLETE": "done",
    "PRUNED": "done",
    "FAIL": "failed",
}


class Reader:
    """Builds each trial once for each state of its row."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._trials: dict[int, tuple[Row, Trial | None]] = {}
        self._keys: dict[int, Hashable] = {}

    def history(self, rows: Mapping[int, Row]) -> History:
        """Without the trials that the present space does not hold; what they cost counts."""
        trials: dict[int, Trial] = {}
        spent = 0.0
        for number in sorted(rows):
            row = rows[number]
            trial = self.trial(row)
            if trial is not None:
                trials[number] = trial
            spent += self.cost(row)
        return History(tuple(self._definition.objectives), trials, spent)

    def trial(self, row: Row) -> Trial | None:
        """None where it is none of ours, or its configuration is not in the present space."""
        known = self._trials.get(row.number)
        if known is None or known[0] is not row:
            known = row, self._built(row)
            self._trials[row.number] = known
        return known[1]

    def cost(self, row: Row) -> float:
        """Of all attempts as far as known; nothing for one that the store answered."""
        told = row.attributes.get("end", {}).get("spent", {}).get(self._definition.cost, 0.0)
        if "answered_by" in row.attributes.get("job", {}):
            return 0.0
        points = curves.read(row.attributes) if not row.finished or not told else ()
        return max(float(told), points[-1].cost if points else 0.0)

    def spent(self, rows: Mapping[int, Row]) -> Spent:
        joules = seconds = 0.0
        runs = 0
        for row in rows.values():
            job = row.attributes.get("job", {})
            if "answered_by" in job:
                continue
            told = row.attributes.get("end", {}).get("spent", {})
            runs += 1
            is_joules = self._definition.cost == "energy_j"
            joules += self.cost(row) if is_joules else told.get("energy_j", 0.0)
            known_s = told.get("duration_s", 0.0)
            running_s = time.time() - job["since"] if row.state == "RUNNING" and job else 0.0
            seconds += known_s + max(0.0, running_s)
        return Spent(joules, seconds, runs)

    def twin(
        self, rows: Mapping[int, Row], config: Mapping[str, Any], until: int, work: str = ""
    ) -> Row | None:
        """An earlier trial that has done this work up to step `until`, or a paused one of it."""
        key = self._definition.space.key(config)
        for row in rows.values():
            if row.state not in ("WAITING", "COMPLETE"):
                continue
            same = bool(work) and row.attributes.get("job", {}).get("work") == work
            trial = self.trial(row) if same or self._key(row) == key else None
            if trial is None:
                continue
            reached = max(trial.planned_steps, trial.points[-1].step if trial.points else 0)
            if row.state == "WAITING" or reached >= until:
                return row
        return None

    def exhausted(self, rows: Mapping[int, Row]) -> bool:
        """Whether every configuration of the space has run to its end."""
        count = self._definition.space.count
        if count > len(rows):
            return False
        return count <= len({self._key(row) for row in rows.values() if row.finished} - {None})

    def values(self, row: Row) -> list[float] | None:
        """Those of the last point at which all are finite, as a person reads them."""
        trial = self.trial(row)
        for point in reversed(trial.points if trial is not None else ()):
            if all(math.isfinite(loss) for loss in point.losses):
                return [
                    loss if objective.direction == "minimize" else -loss
                    for loss, objective in zip(
                        point.losses, self._definition.objectives, strict=True
                    )
                ]
        return None

    def _key(self, row: Row) -> Hashable:
        if row.number not in self._keys:
            trial = self.trial(row)
            found = None if trial is None else self._definition.space.key(trial.config)
            self._keys[row.number] = found
        return self._keys[row.number]

    def _built(self, row: Row) -> Trial | None:
        job: Mapping[str, Any] = row.attributes.get("job", {})
        if "config" not in job:
            return None
        try:
            unit = self._definition.space.to_unit(job["config"])
        except ConfigError:
            return None
        points = curves.read(row.attributes)
        end = row.attributes.get("end", {})
        overstepped = violations(self._definition.constraints, end.get("metrics", {}))
        paid = points[-1].cost if points else 0.0
        return Trial(
            number=row.number,
            config=job["config"],
            unit=unit,
            points=points,
            state=STATES[row.state],
            planned_steps=job["planned"],
            violation=max(overstepped.values(), default=None),
            start_cost=max(0.0, self.cost(row) - paid) if end else 0.0,
        )
