"""InfluxQL over `/query`: InfluxDB 1, and 2 through its DBRP mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.databases.influx_series import Query, numbers_only
from joulelab.meters.databases.records import Record, joined, pages
from joulelab.meters.transport.http import Endpoint

PAGE_S = 3600.0 * 6


class Answered(NamedTuple):
    """One series: its tags, its rows (of a SELECT epoch ns and value, else a name), and whether more
    were cut off."""

    tags: dict[str, str]
    rows: list[tuple[Any, Any]]
    partial: bool


class InfluxQl:
    """One database; `where` is the meter's config key."""

    def __init__(
        self, endpoint: Endpoint, database: str, retention_policy: str | None, where: str
    ) -> None:
        self._endpoint = endpoint
        self._database = database
        self._retention_policy = retention_policy
        self._where = where

    def check(self) -> None:
        names = [row[0] for series in self._ask("SHOW DATABASES") for row in series.rows]
        if self._database not in names:
            raise ConfigError(
                f"no database {self._database}",
                where=f"{self._where}.database",
                cure=f"this server shows {', '.join(names) or 'none to this user'}",
            )

    def recent(self, query: Query, recent_s: float) -> Sequence[Mapping[str, str]]:
        since = f"{_condition(query.tags)}time > now() - {round(recent_s)}s"
        text = f"{self._select(query)} WHERE {since} GROUP BY * ORDER BY time DESC LIMIT 1"
        found = []
        for series in self._ask(text):
            numbers_only(query, [row[1] for row in series.rows])
            found.append(series.tags)
        return found

    def points(self, query: Query, tags: Mapping[str, str], first_ns: int, last_ns: int) -> Record:
        found = pages(first_ns, last_ns, PAGE_S)
        return joined([record for page in found for record in self._page(query, tags, *page)])

    def hint(self, query: Query) -> str:
        names = [row[0] for series in self._ask("SHOW MEASUREMENTS") for row in series.rows]
        if query.measurement not in names:
            return f"the database has {', '.join(names[:20]) or 'no measurement'}"
        text = f"SHOW FIELD KEYS FROM {_name(query.measurement)}"
        fields = [row[0] for series in self._ask(text) for row in series.rows]
        if query.field not in fields:
            return f"its fields are {', '.join(fields[:20])}"
        return "check the tags, and that the plug reports and somebody writes it down"

    def _page(
        self, query: Query, tags: Mapping[str, str], begin_ns: int, end_ns: int
    ) -> Iterator[Record]:
        while True:
            times = f"time >= {begin_ns} AND time <= {end_ns}"
            text = f"{self._select(query)} WHERE {_condition(tags)}{times} GROUP BY *"
            answered = [s for s in self._ask(text) if _same(s.tags, tags)]
            records = [_record(query, series) for series in answered]
            yield from records
            # The server cuts off at its max-row-limit, and says so.
            if not any(series.partial for series in answered):
                return
            begin_ns = int(records[-1].times_ns[-1]) + 1

    def _select(self, query: Query) -> str:
        policy = "" if self._retention_policy is None else f"{_name(self._retention_policy)}."
        return f"SELECT {_name(query.field)} FROM {policy}{_name(query.measurement)}"

    def _ask(self, text: str) -> list[Answered]:
        """The series of one statement; MeterUnavailable with the server's own words."""
        reply = self._endpoint.get("/query", {"db": self._database, "epoch": "ns", "q": text})
        answer = reply.json()
        try:
            results = answer.get("results", [])
            for part in (answer, *results):
                if "error" in part:
                    raise self._unavailable(f"InfluxDB answered: {part['error']}")
            found = (series for result in results for series in result.get("series", []))
            return [_answered(series) for series in found if "values" in series]
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise self._unavailable(f"answered {str(answer)[:120]}") from error

    def _unavailable(self, what: str) -> MeterUnavailable:
        cure = "check url, database, retention policy and rights"
        return MeterUnavailable(what, where=self._where, cure=cure)


def _answered(series: Mapping[str, Any]) -> Answered:
    tags = {str(name): str(value) for name, value in (series.get("tags") or {}).items()}
    rows: list[tuple[Any, Any]]
    if series["columns"][0] == "time":
        rows = [(int(at_ns), value) for at_ns, value in series["values"]]
    else:
        rows = [(str(row[0]), None) for row in series["values"]]
    return Answered(tags, rows, bool(series.get("partial")))


def _record(query: Query, series: Answered) -> Record:
    times_ns = np.array([row[0] for row in series.rows], dtype=np.int64)
    return Record(times_ns, np.array(numbers_only(query, [row[1] for row in series.rows])))


def _same(answered: Mapping[str, str], tags: Mapping[str, str]) -> bool:
    """A tag that a series lacks is an empty one."""
    return all(value == tags.get(name, "") for name, value in answered.items())


def _condition(tags: Mapping[str, str]) -> str:
    return "".join(f"{_name(tag)} = {_text(value)} AND " for tag, value in tags.items())


def _name(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
