"""Which trials are this worker's, and how they change hands."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from joulelab.errors import StoreError
from joulelab.sweeps import workers
from joulelab.sweeps.storage import Row, Storage

WORKER = "worker:"


class TrialTaken(StoreError):
    """Another sweeper was quicker: ask the strategy again, with the history as it is now."""


class Holding:
    """Registers this process with the study. A trial's owner is the worker named in its `job`;
    owners change under the study's lock alone."""

    def __init__(self, storage: Storage, silence_s: float) -> None:
        self._storage, self._silence_s = storage, silence_s
        self.me = workers.this_worker()
        with storage.exclusive():
            self._slot = self._free_slot(storage.study_attributes())
            storage.set_study_attribute(self._slot, self.me)

    def beat(self) -> None:
        """Says that this worker lives; rarely does anything."""
        now_s = time.time()
        if now_s - self.me["beat"] > min(workers.BEAT_S, self._silence_s / 4):
            self.me["beat"] = now_s
            self._storage.set_study_attribute(self._slot, self.me)

    def goodbye(self) -> None:
        self._storage.set_study_attribute(self._slot, {**self.me, "beat": None})

    def row(self, number: int) -> Row:
        row = self._storage.rows().get(number)
        if row is None or "job" not in row.attributes:
            raise ValueError(f"the study has no trial {number}")
        return row

    def check(self, row: Row) -> None:
        """StoreError for a running trial that is not this worker's."""
        if row.state != "RUNNING" or row.attributes["job"]["owner"] != self.me["id"]:
            raise StoreError(
                f"trial {row.number} is another worker's now: this one was not heard of for "
                f"{self._silence_s:g} s, or has given it back",
                where=f"sweep.study={self._storage.name}",
            )

    def change(self, row: Row, **changes: Any) -> None:
        self._storage.set_attribute(row, "job", {**row.attributes["job"], **changes})

    def claim(self, number: int, until_step: int) -> int:
        """Makes a waiting trial a running one of this worker. TrialTaken where it waits no more."""
        with self._storage.exclusive():
            row = self.row(number)
            if row.state != "WAITING":
                raise TrialTaken(
                    f"trial {number} waits no more", where=f"sweep.study={self._storage.name}"
                )
            # `queued` stays until the next pause: whoever dies between these two lines leaves a
            # trial that waits as it did before.
            self.change(row, owner=self.me["id"], planned=until_step, since=time.time())
            self._storage.move(row, "RUNNING")
        return number

    def adopt(self) -> tuple[int, ...]:
        with self._storage.exclusive():
            living = self._living(self._storage.study_attributes())
            orphans = [
                row
                for row in self._storage.rows().values()
                if row.state == "RUNNING"
                and "job" in row.attributes
                and row.attributes["job"]["owner"] not in living
            ]
            for row in orphans:
                self.change(row, owner=self.me["id"])
        return tuple(sorted(row.number for row in orphans))

    def _living(self, attributes: Mapping[str, Any]) -> set[str]:
        return {
            row["id"]
            for key, row in attributes.items()
            if key.startswith(WORKER) and workers.lives(row, self._silence_s)
        }

    def _free_slot(self, attributes: Mapping[str, Any]) -> str:
        """A row of a dead worker is used again: its trials are then nobody's, which is the same."""
        for number in range(len(attributes) + 1):
            slot = f"{WORKER}{number}"
            if not workers.lives(attributes.get(slot), self._silence_s):
                return slot
        raise AssertionError("one more slot than there are attributes")
