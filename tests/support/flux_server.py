"""InfluxDB 2 on loopback: annotated CSV for the few Flux queries that a meter asks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from support.loopback import Answer, Loopback, Request

from joulelab.meters.transport.iso_time import epoch_ns, utc

NS_PER_S = 1_000_000_000
_PAIR = re.compile(r'r\["((?:[^"\\]|\\.)*)"\] == "((?:[^"\\]|\\.)*)"')


class FluxSeries(NamedTuple):
    """`key`: `_measurement`, `_field` and tags. `value` at epoch seconds, None for no sample."""

    key: Mapping[str, str]
    value: Callable[[float], float | str | None]
    datatype: str = "double"


class FluxServer(Loopback):
    """Bucket `bucket` of organization `home`; `series` sampled every `period_s` up to `clock()`."""

    def __init__(
        self,
        series: Sequence[FluxSeries],
        clock: Callable[[], float],
        period_s: float = 1.0,
        bucket: str = "telegraf_bucket",
    ) -> None:
        super().__init__(self._serve)
        self.series = list(series)
        self.clock = clock
        self.period_s = period_s
        self.bucket = bucket
        self.queries: list[str] = []

    def _serve(self, request: Request) -> Answer:
        if request.path == "/ping":
            return Answer(status=204)
        if request.path == "/health":
            return Answer(json.dumps({"name": "influxdb", "version": "v2.7.1"}).encode())
        if request.path != "/api/v2/query" or request.params.get("org") != "home":
            return Answer(b'{"code": "not found", "message": "organization not found"}', 404)
        asked = json.loads(request.body)
        assert asked["dialect"]["annotations"] == ["datatype", "group", "default"]
        self.queries.append(asked["query"])
        return self._answer(asked["query"])

    def _answer(self, query: str) -> Answer:
        if f'bucket: "{self.bucket}"' not in query:
            body = json.dumps({"code": "not found", "message": "could not find bucket"}).encode()
            return Answer(body, 404)
        if "schema.measurements" in query:
            return _csv(_measurements(self.series))
        first_ns, last_ns = self._range(query)
        wanted = {_plain(name): _plain(value) for name, value in _PAIR.findall(query)}
        text = ""
        for number, series in enumerate(self.series):
            if wanted.items() <= series.key.items():
                rows = self._rows(series, first_ns, last_ns)
                text += _table(series, number, rows[-1:] if "|> last()" in query else rows)
        return _csv(text)

    def _range(self, query: str) -> tuple[int, int]:
        found = re.search(r"range\(start: ([^,)]+)(?:, stop: ([^)]+))?\)", query)
        assert found is not None
        now_ns = round(self.clock() * NS_PER_S)
        start, stop = found.groups()
        if start.startswith("-"):
            return now_ns - int(start[1:-1]) * NS_PER_S, now_ns
        return epoch_ns(start), min(epoch_ns(stop) - 1, now_ns)

    def _rows(self, series: FluxSeries, first_ns: int, last_ns: int) -> list[tuple[int, str]]:
        period_ns = round(self.period_s * NS_PER_S)
        stamps = range(-(-first_ns // period_ns) * period_ns, last_ns + 1, period_ns)
        values = ((at_ns, series.value(at_ns / NS_PER_S)) for at_ns in stamps)
        return [(at_ns, str(value)) for at_ns, value in values if value is not None]


def _table(series: FluxSeries, number: int, rows: list[tuple[int, str]]) -> str:
    if not rows:
        return ""
    stamps = "dateTime:RFC3339"
    names, values = list(series.key), list(series.key.values())
    lines = [
        ["#datatype", "string", "long", stamps, series.datatype, *(["string"] * len(names))],
        ["#group", "false", "false", "false", "false", *(["true"] * len(names))],
        ["#default", "_result", "", "", "", *([""] * len(names))],
        ["", "result", "table", "_time", "_value", *names],
        *(["", "", str(number), utc(at_ns), value, *values] for at_ns, value in rows),
    ]
    return "\r\n".join(",".join(line) for line in lines) + "\r\n\r\n"


def _measurements(series: Sequence[FluxSeries]) -> str:
    names = sorted({each.key["_measurement"] for each in series})
    rows = "".join(f",,0,{name}\r\n" for name in names)
    return f"#datatype,string,long,string\r\n,result,table,_value\r\n{rows}\r\n"


def _csv(text: str) -> Answer:
    return Answer(text.encode(), content_type="text/csv; charset=utf-8")


def _plain(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")
