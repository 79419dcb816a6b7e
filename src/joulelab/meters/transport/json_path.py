"""Reading one value out of a JSON document by a path: `switch:0.apower`, `meters[0].power`."""

from __future__ import annotations

import math
import re
from typing import Any

from joulelab.errors import ConfigError, MeterUnavailable

_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(-?\d+)\]|\["([^"]*)"\]')
_SHOWN = 12


class JsonPath:
    """Keys joined by dots, `[n]` for the n-th of a list, `["a.b"]` for a key with a dot in it; empty
    for the document itself. `where` names the config key that holds it; ConfigError where `path` is
    no such path."""

    def __init__(self, path: str, where: str) -> None:
        self.path = path
        self._where = where
        self._steps: list[str | int] = []
        at = 0
        while at < len(path):
            step = _STEP.match(path, at)
            if step is None or (at == 0 and path[0] == "."):
                raise ConfigError(
                    f"{path!r} is no path into JSON",
                    where=where,
                    cure='say keys with dots and [n] for lists, e.g. ENERGY.Power[0] or ["a.b"].c',
                )
            key, index, quoted = step.groups()
            self._steps.append(int(index) if index is not None else key or quoted)
            at = step.end()

    def value(self, document: Any) -> Any:
        """MeterUnavailable, which says how far the path led, where there is none."""
        found = document
        for number, step in enumerate(self._steps):
            try:
                if isinstance(step, str) and not isinstance(found, dict):
                    raise KeyError(step)
                found = found[step]
            except (KeyError, IndexError, TypeError):
                raise MeterUnavailable(
                    f"no {_joined(self._steps[: number + 1])} in the answer",
                    where=self._where,
                    cure=f"{_joined(self._steps[:number]) or 'it'} holds {_content(found)}",
                ) from None
        return found

    def number(self, document: Any) -> float:
        """The value as a number, also where it is written as text; MeterUnavailable where it is none."""
        found = self.value(document)
        try:
            if isinstance(found, int | float | str) and not isinstance(found, bool):
                number = float(found)
                if math.isfinite(number):
                    return number
        except ValueError:
            pass
        raise MeterUnavailable(
            f"{self.path or 'the answer'} is no number but {_content(found)}",
            where=self._where,
            cure="name the path of a number",
        )


def _joined(steps: list[str | int]) -> str:
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step:
            text += f'["{step}"]'
        else:
            text += f".{step}"
    return text.removeprefix(".")


def _content(found: Any) -> str:
    if isinstance(found, dict):
        keys = ", ".join(map(str, list(found)[:_SHOWN]))
        return f"{keys} ..." if len(found) > _SHOWN else keys or "nothing"
    if isinstance(found, list):
        return f"a list of {len(found)}"
    text = repr(found)
    return text if len(text) <= 40 else f"{text[:40]} ..."
