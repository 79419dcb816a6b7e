"""A Jetson board whose tegrastats really runs, as a program."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.worlds.base import World

from joulelab.meters.tegrastats import Tegrastats

FAKE = Path(__file__).parents[1] / "fake_tegrastats.py"


class TegrastatsWorld(World):
    name = "tegrastats"
    judged = "POM_5V_IN"
    not_applicable = {  # noqa: RUF012
        "wrap": "it prints powers, no counter",
        "permission lost": "rights are asked for once, when it starts",
    }

    def begin(self) -> None:
        plan = {
            "start_ns": self.start_ns,
            "fault": self.fault,
            "from_s": self.from_s,
            "to_s": self.to_s,
        }
        self._plan.write_text(json.dumps(plan))

    def meter(self) -> Tegrastats:
        command = f"{sys.executable} {FAKE} --plan {self._plan}"
        return Tegrastats(command, interval_s=self.period_s)

    def stop(self) -> None:
        self._plan.unlink(missing_ok=True)

    @property
    def _plan(self) -> Path:
        return self.folder / "tegrastats.json"
