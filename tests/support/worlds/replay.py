"""A plug's log of a known load, played again: it starts when the meter does."""

from __future__ import annotations

import json

from support.worlds.base import World, power_w

from joulelab.meters.replay import Replay
from joulelab.records import Trace

RECORDED_S = 120.0
FIRST_S = 1_700_000_000


class ReplayWorld(World):
    name = "replay"
    judged = "power"
    not_applicable = {  # noqa: RUF012
        "wrap": "the recording is of power",
        "slow answer": "a file answers at once",
        "permission lost": "the file is read once, at the start",
        "clock step": "its times are those of the recording",
    }

    def begin(self) -> None:
        entries = []
        for number in range(round(RECORDED_S / self.period_s)):
            at_s = number * self.period_s
            hidden = self.fault in ("unreadable", "late start")
            shown = power_w(at_s) if not (hidden and self.from_s <= at_s < self.to_s) else None
            entries.append({"power": shown, "timestamp": round(FIRST_S + at_s, 3)})
        if self.fault == "disorder":
            entries = [*entries[1::2], *entries[::2], *entries[: len(entries) // 2]]
        (self.folder / "log.json").write_text(json.dumps(entries))

    def meter(self) -> Replay:
        return Replay(self.folder / "log.json")

    def align(self, recorded: Trace) -> None:
        """The recording begins when the meter does, which is when the run does."""
        assert recorded.anchor is not None
        self.start_ns = recorded.anchor.monotonic_ns

    def stop(self) -> None:
        (self.folder / "log.json").unlink(missing_ok=True)
