"""What is asked of InfluxDB, whichever language it is asked in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from joulelab.errors import ConfigError
from joulelab.meters.databases.records import Record


@dataclass(frozen=True, slots=True)
class Query:
    """One series; `tags` those that choose it, `where` the config key that asks for it."""

    name: str
    measurement: str
    field: str
    tags: Mapping[str, str]
    unit: str
    scale: float
    where: str


class SeriesSource(Protocol):
    """InfluxQL or Flux. Everything raises MeterUnavailable or MeterDenied."""

    def check(self) -> None:
        """The database is there; ConfigError where not."""
        ...

    def recent(self, query: Query, recent_s: float) -> Sequence[Mapping[str, str]]:
        """All tags of each series of the query that was written to lately."""
        ...

    def points(self, query: Query, tags: Mapping[str, str], first_ns: int, last_ns: int) -> Record:
        """What the series with exactly these tags has in [first, last], as stored."""
        ...

    def hint(self, query: Query) -> str:
        """What to do where nothing was found."""
        ...


TELEGRAF: Mapping[str, Mapping[str, Any]] = {
    "cpu": {
        "measurement": "cpu",
        "field": "usage_user",
        "tags": {"cpu": "cpu-total"},
        "unit": "%",
    },
    "memory": {"measurement": "mem", "field": "used_percent", "unit": "%"},
    "temperature": {
        "measurement": "temp",
        "field": "temp",
        "tags": {"sensor": "coretemp_package_id_0"},
        "unit": "°C",
    },
    "disk_reads": {"measurement": "diskio", "field": "reads", "unit": "1"},
}
"""As Telegraf's inputs cpu, mem, temp and diskio write them; disk reads since the boot."""

_KEYS = {"measurement", "field", "tags", "unit", "scale"}


def auxiliary_queries(wanted: Mapping[str, Mapping[str, Any] | None], where: str) -> list[Query]:
    """ConfigError where one is not known and not fully described either."""
    queries = []
    for name, own in wanted.items():
        given: dict[str, Any] = {**TELEGRAF.get(name, {}), **(own or {})}
        given["tags"] = {
            **TELEGRAF.get(name, {}).get("tags", {}),
            **((own or {}).get("tags") or {}),
        }
        unknown = sorted(set(given) - _KEYS)
        missing = sorted({"measurement", "field"} - set(given))
        if name == "plug" or unknown or missing:
            what = f"unknown key {unknown[0]}" if unknown else f"{name} is no known quantity"
            raise ConfigError(
                what,
                where=f"{where}.{name}",
                cure=f"one of {', '.join(TELEGRAF)}, or measurement, field, tags, unit and scale",
            )
        queries.append(
            Query(
                name,
                str(given["measurement"]),
                str(given["field"]),
                {str(tag): str(value) for tag, value in given["tags"].items()},
                str(given.get("unit", "1")),
                float(given.get("scale", 1.0)),
                f"{where}.{name}",
            )
        )
    return queries


def numbers_only(query: Query, values: Sequence[Any]) -> list[float]:
    """ConfigError where the field is text."""
    try:
        return [float("nan") if value is None else float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"the field {query.field} of {query.measurement} is no number",
            where=query.where,
            cure="name a field of numbers",
        ) from error
