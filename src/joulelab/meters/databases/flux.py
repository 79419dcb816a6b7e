"""Flux over `/api/v2/query`: InfluxDB 2."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from joulelab.errors import ConfigError, DataError, MeterUnavailable
from joulelab.meters.databases import flux_csv
from joulelab.meters.databases.flux_csv import FluxSeries
from joulelab.meters.databases.influx_series import Query
from joulelab.meters.databases.records import Record, joined, pages
from joulelab.meters.transport.http import Endpoint
from joulelab.meters.transport.iso_time import utc

PAGE_S = 3600.0 * 6
DIALECT = {"header": True, "annotations": ["datatype", "group", "default"]}
_OWN = ("_measurement", "_field")


class Flux:
    """One bucket; `where` is the meter's config key."""

    def __init__(
        self, endpoint: Endpoint, bucket: str, organization: str | None, where: str
    ) -> None:
        self._endpoint = endpoint
        self._bucket = bucket
        self._organization = organization
        self._where = where

    def check(self) -> None:
        if not self._organization:
            raise ConfigError(
                "InfluxDB 2 asks for an organization",
                where=f"{self._where}.organization",
                cure="say its name; `influx org list` shows it",
            )

    def recent(self, query: Query, recent_s: float) -> Sequence[Mapping[str, str]]:
        found = self._ask(f"{self._from(f'-{round(recent_s)}s')}{_filter(query, {})} |> last()")
        for series in found:
            if len(series.values) and not (series.values == series.values).any():
                raise ConfigError(
                    f"the field {query.field} of {query.measurement} is no number",
                    where=query.where,
                    cure="name a field of numbers",
                )
        return [_tags(series) for series in found]

    def points(self, query: Query, tags: Mapping[str, str], first_ns: int, last_ns: int) -> Record:
        records = []
        for begin_ns, end_ns in pages(first_ns, last_ns, PAGE_S):
            # Flux leaves the stop of a range out.
            source = self._from(utc(begin_ns), utc(end_ns + 1))
            records += [
                Record(series.times_ns, series.values)
                for series in self._ask(f"{source}{_filter(query, tags)}")
                if _tags(series) == tags
            ]
        return joined(records)

    def hint(self, query: Query) -> str:
        text = f'import "influxdata/influxdb/schema"\nschema.measurements(bucket: {_text(self._bucket)})'
        reply = self._post(text)
        names = [
            cells["_value"]
            for table in flux_csv.tables(reply)
            for cells in table.cells()
            if "_value" in cells
        ]
        if query.measurement not in names:
            return f"the bucket has {', '.join(names[:20]) or 'no measurement'}"
        return "check field and tags, and that the plug reports and somebody writes it down"

    def _from(self, start: str, stop: str | None = None) -> str:
        end = "" if stop is None else f", stop: {stop}"
        return f"from(bucket: {_text(self._bucket)}) |> range(start: {start}{end})"

    def _ask(self, text: str) -> list[FluxSeries]:
        try:
            return flux_csv.read(self._post(text))
        except DataError as error:
            raise MeterUnavailable(
                error.what, where=self._where, cure="check bucket, organization and rights"
            ) from error

    def _post(self, text: str) -> str:
        body = json.dumps({"query": text, "type": "flux", "dialect": DIALECT}).encode()
        reply = self._endpoint.post("/api/v2/query", body, params={"org": self._organization or ""})
        # One line could be a path to the reader.
        return reply.text() + "\n"


def _filter(query: Query, tags: Mapping[str, str]) -> str:
    conditions = {
        "_measurement": query.measurement,
        "_field": query.field,
        **query.tags,
        **tags,
    }
    tests = (f"r[{_text(name)}] == {_text(value)}" for name, value in conditions.items())
    return f" |> filter(fn: (r) => {' and '.join(tests)})"


def _tags(series: FluxSeries) -> dict[str, str]:
    return {name: value for name, value in series.key.items() if name not in _OWN}


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n") + '"'
