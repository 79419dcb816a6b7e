"""The part of MLflow's filter language that needs no MLflow: conditions joined by `and`.

`metrics.energy_j < 500 and params.model = 'inception' and status = 'FINISHED'`
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from joulelab.errors import ConfigError

_CONDITION = re.compile(
    r"\s*(?P<key>[\w.\-/`: ]+?)\s*(?P<compare>!=|>=|<=|=|>|<|\bI?LIKE\b)\s*"
    r"(?P<value>'[^']*'|\"[^\"]*\"|[-+.\deE]+)\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"and\b", re.IGNORECASE)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_KINDS = {
    "metric": "metrics", "param": "params", "parameter": "params", "tag": "tags",
    "metrics": "metrics", "params": "params", "parameters": "params", "tags": "tags",
}  # fmt: skip

Test = Callable[[Mapping[str, Any]], bool]


def compile_select(select: str | None) -> Test:
    """A test of one flat row, which a row without the key fails; ConfigError for what cannot be
    read."""
    tests = list(_tests(select)) if select and select.strip() else []
    return lambda row: all(test(row) for test in tests)


def _tests(select: str) -> list[Test]:
    tests, position = [], 0
    while True:
        match = _CONDITION.match(select, position)
        if match is None:
            raise _unreadable(select, position)
        tests.append(_test(match))
        position = match.end()
        if position == len(select):
            return tests
        joint = _AND.match(select, position)
        if joint is None:
            raise _unreadable(select, position)
        position = joint.end()


def _test(match: re.Match[str]) -> Test:
    key = _row_key(match["key"])
    compare = match["compare"].upper()
    quoted = match["value"][0] in "'\""
    text = match["value"][1:-1] if quoted else match["value"]
    if compare.endswith("LIKE"):
        flags = re.IGNORECASE if compare == "ILIKE" else 0
        pattern = re.compile(re.escape(text).replace("%", ".*").replace("_", "."), flags)
        return lambda row: key in row and pattern.fullmatch(str(row[key])) is not None
    value: Any = text if quoted else float(text)
    decide = _COMPARE[compare]

    def test(row: Mapping[str, Any]) -> bool:
        if key not in row:
            return False
        return decide(str(row[key]) if quoted else float(row[key]), value)

    return test


def _row_key(written: str) -> str:
    kind, _, name = written.replace("`", "").strip().partition(".")
    if kind.lower() in ("attribute", "attributes"):
        kind, name = name, ""
    return f"{_KINDS.get(kind.lower(), kind)}.{name}" if name else kind


def _unreadable(select: str, position: int) -> ConfigError:
    return ConfigError(
        f"the store cannot read it from {select[position:].strip()!r} on",
        where="select",
        cure="""say select="metrics.energy_j < 500 and params.model = 'inception'\"""",
    )
