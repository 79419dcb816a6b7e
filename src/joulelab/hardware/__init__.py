"""One file a knob; this one only says which key of the `hardware` group turns which knob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joulelab.hardware.threads import Threads
from joulelab.protocols import Knob

KNOBS = {"threads": Threads}


def knobs(settings: Mapping[str, Any]) -> list[Knob]:
    """The knobs that `settings` turns: those whose key is there and not None, in a fixed order."""
    return [make(settings[key]) for key, make in KNOBS.items() if settings.get(key) is not None]
