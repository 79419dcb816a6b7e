"""A constructor that declares one of each kind of value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal


class Part:
    """Anything that a configuration may name."""

    def __init__(
        self,
        watts: float = 0.0,
        count: int | None = None,
        on: bool = False,
        path: str | Path = "",
        source: Literal["counter", "usage"] | None = None,
        zones: Sequence[str] | None = None,
        tags: Mapping[str, float] | None = None,
        other=None,
    ) -> None: ...
