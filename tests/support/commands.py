"""Short runs of the commands, and the records they left."""

from __future__ import annotations

import json
from pathlib import Path

PHASES = ["idle_s=0.1", "warmup_s=0.1", "idle_after_s=0.1"]
QUICK = ["max_epochs=2", "data.length=40", *PHASES]


def records(root: Path) -> list[dict]:
    paths = sorted(root.rglob("record.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]
