"""InfluxDB 1 and 2: a plug's power, and what Telegraf wrote beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.databases.flux import Flux
from joulelab.meters.databases.influx_series import Query, SeriesSource, auxiliary_queries
from joulelab.meters.databases.influxql import InfluxQl
from joulelab.meters.databases.meter import DatabaseMeter, ServerOptions
from joulelab.meters.databases.records import Record
from joulelab.records import Channel, Kind, Scope

RECENT_S = 600.0


class InfluxDb(DatabaseMeter):
    """Channel `plug`: the series of `measurement` and `field` whose tags are `tags`, times `scale`:
    to W, or to J where `kind` is counter (kWh: 3.6e6). `auxiliary`: name -> measurement, field,
    tags, unit; `cpu`, `memory`, `temperature` and `disk_reads` are known as Telegraf writes them.

    `version` 1 asks in InfluxQL of `database` (and `retention_policy`), 2 in Flux of the bucket
    `database` and `organization`, None asks the server which. The accuracy bound of a plug is ±3 W
    below 300 W and ±1 % above, as its maker states (performance-tracking study): their sum holds
    for both. The stamps are those of whoever wrote the samples: on another machine than the server,
    state `clock_offset_s` (its clock less this host's).
    """

    def __init__(
        self,
        url: str,
        database: str,
        measurement: str,
        field: str = "value",
        tags: Mapping[str, Any] | None = None,
        kind: Kind = "power",
        scale: float = 1.0,
        scope: Scope = "wall",
        auxiliary: Mapping[str, Mapping[str, Any] | None] | None = None,
        version: int | None = None,
        organization: str | None = None,
        retention_policy: str | None = None,
        update_period_s: float = 10.0,
        resolution: float = 0.1,
        accuracy_absolute_w: float = 3.0,
        accuracy_relative: float = 0.01,
        name: str = "influxdb",
        **server: Unpack[ServerOptions],
    ) -> None:
        where = f"meter.{name}"
        super().__init__(
            url, where=where, update_period_s=update_period_s, scheme="Token", **server
        )
        if version not in (None, 1, 2):
            raise ConfigError(f"no InfluxDB {version}", where=f"{where}.version", cure="1 or 2")
        unit = "J" if kind == "counter" else "W"
        self._plug = Channel(
            name="plug",
            kind=kind,
            unit=unit,
            scope=scope,
            provenance="measured",
            resolution=resolution,
            update_period_s=update_period_s,
            accuracy_absolute_w=accuracy_absolute_w,
            accuracy_relative=accuracy_relative,
        )
        plug = Query("plug", measurement, field, dict(tags or {}), unit, scale, where)
        self._queries = [plug, *auxiliary_queries(auxiliary or {}, f"{where}.auxiliary")]
        self._version = version
        self._flux = Flux(self._endpoint, database, organization, where)
        self._influxql = InfluxQl(self._endpoint, database, retention_policy, where)
        self._tags: dict[str, Mapping[str, str]] = {}

    @property
    def _date_path(self) -> str:
        return "/ping"

    @property
    def _source(self) -> SeriesSource:
        return self._flux if self._version == 2 else self._influxql

    def _discover(self) -> list[Channel]:
        self._endpoint.get("/ping")
        if self._version is None:
            self._version = self._asked_version()
        self._source.check()
        recent_s = max(RECENT_S, 10 * self._update_period_s)
        self._tags = {query.name: self._only(query, recent_s) for query in self._queries}
        return [self._plug, *map(self._auxiliary, self._queries[1:])]

    def _fetch(self, first_ns: int, last_ns: int) -> dict[str, Record]:
        records = {}
        for query in self._queries:
            record = self._source.points(query, self._tags[query.name], first_ns, last_ns)
            records[query.name] = Record(record.times_ns, record.values * query.scale)
        return records

    def _asked_version(self) -> int:
        """From 1.8 on `/health` says it; before, there was none."""
        try:
            answer = self._endpoint.get("/health").json()
        except MeterUnavailable:
            return 1
        version = str(answer.get("version", "")) if isinstance(answer, dict) else ""
        return 1 if version.lstrip("v").startswith("1") else 2

    def _only(self, query: Query, recent_s: float) -> Mapping[str, str]:
        """The tags of the one series that the query means."""
        found = self._source.recent(query, recent_s)
        if not found:
            raise MeterUnavailable(
                f"no {query.field} of {query.measurement}{_listed([query.tags])} was written in "
                f"the last {recent_s:g} s",
                where=query.where,
                cure=self._source.hint(query),
            )
        if len(found) > 1:
            raise ConfigError(
                f"{len(found)} series match {query.measurement} {query.field}: {_listed(found)}",
                where=f"{query.where}.tags",
                cure="name the tags of one of them",
            )
        return found[0]

    def _auxiliary(self, query: Query) -> Channel:
        return Channel(
            name=query.name,
            kind="auxiliary",
            unit=query.unit,
            scope="node",
            provenance="measured",
            update_period_s=self._update_period_s,
        )


def _listed(all_tags: Sequence[Mapping[str, str]]) -> str:
    shown = [
        "{" + ", ".join(f"{name}: {value}" for name, value in tags.items()) + "}"
        for tags in all_tags[:8]
        if tags
    ]
    return ("" if not shown else " ") + " ".join(shown) + (" ..." if len(all_tags) > 8 else "")
