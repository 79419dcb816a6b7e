"""The query API of Prometheus and of what speaks like it: now, and raw points of a while."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from joulelab.errors import MeterUnavailable
from joulelab.meters.databases.records import Record, pages
from joulelab.meters.transport.http import Endpoint
from joulelab.units import NS_PER_S

Labels = Mapping[str, str]
T = TypeVar("T")


class QueryApi:
    """`where` is the meter's config key."""

    def __init__(self, endpoint: Endpoint, page_s: float, where: str) -> None:
        self._endpoint = endpoint
        self._page_s = page_s
        self._where = where

    def now(self, selector: str) -> Iterator[tuple[Labels, float]]:
        """The last value of each series, none older than five minutes."""
        yield from self._ask(selector, lambda series: _number(series["value"][1]))

    def points(self, selector: str, first_ns: int, last_ns: int) -> Iterator[tuple[Labels, Record]]:
        """The scrapes in [first, last] as they are stored, page by page, some of them twice.

        Staleness markers are not among them: where a target was away, there is nothing.
        """
        for begin_ns, end_ns in pages(first_ns, last_ns, self._page_s):
            # A range takes in its end, and before Prometheus 3 its start too.
            range_ms = max(math.ceil((end_ns - begin_ns) / 1e6) + 1, 1)
            query = f"{selector}[{range_ms}ms]"
            yield from self._ask(query, lambda series: _record(series["values"]), end_ns)

    def _ask(
        self, query: str, read: Callable[[Mapping[str, Any]], T], at_ns: int | None = None
    ) -> list[tuple[Labels, T]]:
        params = {"query": query}
        if at_ns is not None:
            params["time"] = f"{at_ns // NS_PER_S}.{at_ns % NS_PER_S // 1_000_000:03d}"
        answer = self._endpoint.get("/api/v1/query", params).json()
        try:
            return [(dict(each["metric"]), read(each)) for each in answer["data"]["result"]]
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            raise MeterUnavailable(
                f"answered {str(answer)[:120]}",
                where=self._where,
                cure="check that it is a Prometheus",
            ) from error


def selector(labels: Mapping[str, Any], first: str = "") -> str:
    """`{first, name="value", ...}`; a label given as None is left out."""

    def quoted(value: object) -> str:
        text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{text}"'

    tests = [first] if first else []
    tests += [f"{name}={quoted(each)}" for name, each in labels.items() if each is not None]
    return "{" + ", ".join(tests) + "}"


def _record(points: list[Any]) -> Record:
    times_ns = [round(float(at_s) * 1000) * 1_000_000 for at_s, _ in points]
    return Record(np.array(times_ns, np.int64), np.array([_number(text) for _, text in points]))


def _number(text: str) -> float:
    """NaN for anything that is no finite number: a counter's infinity means something else here."""
    value = float(text)
    return value if math.isfinite(value) else math.nan
