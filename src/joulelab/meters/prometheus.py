"""Prometheus: the raw scrapes of counters and powers, with their own stamps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Unpack

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.databases.meter import DatabaseMeter, ServerOptions
from joulelab.meters.databases.prometheus_api import Labels, QueryApi, selector
from joulelab.meters.databases.prometheus_presets import PRESETS, Quantity, own_quantity
from joulelab.meters.databases.prometheus_series import (
    Found,
    check_distinct,
    check_one_machine,
    counted_once,
    differences,
)
from joulelab.meters.databases.records import Record, joined
from joulelab.records import Channel


class Selection(NamedTuple):
    """A PromQL selector, and what each of its series is; None for one that counts nothing."""

    selector: str
    quantity: Callable[[Labels], Quantity | None]


class Prometheus(DatabaseMeter):
    """Channels by `preset` (rapl of node_exporter, dcgm, kepler) or one for each of `queries`: name ->
    metric, labels, kind, scope, scale (to J or W), unit, wrap_j, power_max_w. `labels` choose the
    machine: one that several match is refused.

    `wrap_j` is where the counters of the preset rapl wrap, one figure or one by channel name
    (`max_energy_range_uj` of each zone; 65712.999613 is usual for server DRAM): the exporter does
    not tell. A fall that it does not explain is a restart. Only stored scrapes are read, never
    `rate()` or `increase()`: those take a wrap for a reset. `accuracy_relative` is declared, not
    certified; it is what is usual for RAPL and for NVML (±5 %).
    """

    def __init__(
        self,
        url: str,
        preset: str | None = None,
        labels: Mapping[str, Any] | None = None,
        queries: Mapping[str, Mapping[str, Any]] | None = None,
        wrap_j: float | Mapping[str, float] | None = None,
        scrape_interval_s: float = 15.0,
        update_period_s: float | None = None,
        accuracy_absolute_w: float = 0.0,
        accuracy_relative: float = 0.05,
        page_s: float = 3600.0,
        name: str = "prometheus",
        **server: Unpack[ServerOptions],
    ) -> None:
        where = f"meter.{name}"
        super().__init__(url, where=where, update_period_s=scrape_interval_s, **server)
        if not queries and preset not in PRESETS:
            raise ConfigError(
                f"{preset} does not say what to read",
                where=f"{where}.preset",
                cure=f"give one of {', '.join(PRESETS)}, or else queries",
            )
        self._preset = None if queries else preset
        self._labels = {name: str(value) for name, value in (labels or {}).items()}
        self._queries = dict(queries or {})
        self._wrap_j = wrap_j
        self._accuracy = {
            "accuracy_absolute_w": accuracy_absolute_w,
            "accuracy_relative": accuracy_relative,
        }
        if update_period_s is not None:
            self._accuracy["update_period_s"] = update_period_s
        self._api = QueryApi(self._endpoint, page_s, where)
        self._selections: list[Selection] = []
        self._known: dict[str, Quantity] = {}

    @property
    def _date_path(self) -> str:
        return "/api/v1/query?query=1"

    def _discover(self) -> list[Channel]:
        if self._preset is not None:
            self._selections, found = self._by_preset(self._preset)
        else:
            self._selections, found = self._by_queries()
        named = {each.quantity.name: each.quantity for each in counted_once(found)}
        paths = {quantity.path: name for name, quantity in named.items() if quantity.path}
        self._known = {name: self._placed(each, named, paths) for name, each in named.items()}
        return [quantity.channel(**self._accuracy) for quantity in self._known.values()]

    def _fetch(self, first_ns: int, last_ns: int) -> dict[str, Record]:
        records: dict[str, list[Record]] = {name: [] for name in self._known}
        for selection in self._selections:
            for labels, record in self._api.points(selection.selector, first_ns, last_ns):
                quantity = selection.quantity(labels)
                if quantity is not None and quantity.name in records:
                    scaled = record.values * self._known[quantity.name].scale
                    records[quantity.name].append(Record(record.times_ns, scaled))
        return {name: joined(parts) for name, parts in records.items()}

    def _by_preset(self, name: str) -> tuple[list[Selection], list[Found]]:
        preset = PRESETS[name]
        for metrics in filter(None, (preset.metrics, preset.fallback)):
            selection = Selection(selector(self._labels, f'__name__=~"{metrics}"'), preset.quantity)
            found = self._now(selection)
            if found:
                check_one_machine(found, f"{self._where}.labels")
                check_distinct(found, preset.repeats, f"{self._where}.labels")
                return [selection], found
        raise _nothing(selector(self._labels, f'__name__=~"{preset.metrics}"'), self._where)

    def _by_queries(self) -> tuple[list[Selection], list[Found]]:
        selections, all_found = [], []
        for name, query in self._queries.items():
            where = f"{self._where}.queries.{name}"
            quantity = own_quantity(name, query, where)
            labels = {**self._labels, **(query.get("labels") or {})}
            asked = selector({"__name__": query["metric"], **labels})
            selection = Selection(asked, partial(_always, quantity))
            found = self._now(selection)
            if not found:
                raise _nothing(asked, where)
            check_one_machine(found, f"{where}.labels")
            if len(found) > 1:
                raise ConfigError(
                    f"{len(found)} series match: {differences(found)}",
                    where=f"{where}.labels",
                    cure="name the labels of one of them",
                )
            selections.append(selection)
            all_found += found
        return selections, all_found

    def _now(self, selection: Selection) -> list[Found]:
        answered = self._api.now(selection.selector)
        found = ((labels, selection.quantity(labels), value) for labels, value in answered)
        return [Found(labels, each, value) for labels, each, value in found if each is not None]

    def _placed(
        self, quantity: Quantity, named: Mapping[str, Quantity], paths: Mapping[str, str]
    ) -> Quantity:
        """Where it lies, and where it wraps."""
        inside = quantity.inside and paths.get(quantity.inside, quantity.inside)
        wrap_j = quantity.wrap_j
        if isinstance(self._wrap_j, Mapping):
            wrap_j = self._wrap_j.get(quantity.name, wrap_j)
        elif self._wrap_j is not None:
            wrap_j = self._wrap_j
        return replace(quantity, inside=inside if inside in named else None, wrap_j=wrap_j)


def _always(quantity: Quantity, _: Labels) -> Quantity:
    return quantity


def _nothing(what: str, where: str) -> MeterUnavailable:
    return MeterUnavailable(
        f"no series {what} is being scraped",
        where=where,
        cure="see the page /targets of the server, and check metric and labels",
    )
