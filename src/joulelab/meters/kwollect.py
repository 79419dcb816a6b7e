"""Kwollect, the monitoring of Grid'5000: wattmetres, BMCs and PDUs of a node."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.databases.meter import DatabaseMeter, ServerOptions
from joulelab.meters.databases.records import Record, joined, pages
from joulelab.meters.power_channel import power_channel
from joulelab.meters.transport.iso_time import epoch_ns, utc
from joulelab.records import Channel, Scope
from joulelab.units import NS_PER_S

WHERE = "meter.kwollect"
TIMEOUT_S = 20.0
RECENT_S = 60.0
POWER_SUFFIX = "_power_watt"
SCOPES: Mapping[str, Scope] = {
    "wattmetre_": "wall",
    "pdu_": "wall",
    "bmc_cpu_": "cpu",
    "bmc_gpu_": "gpu",
    "bmc_": "node",
}
Source = tuple[str, str]
FAST_CLOCK_NS = 60 * NS_PER_S
UNITS = {"celsius": "°C", "watt": "W", "rpm": "1/min", "bytes": "B", "volt": "V", "amp": "A"}


class Kwollect(DatabaseMeter):
    """A channel for each of `metrics` of `node`: power where it ends in `_power_watt`, else auxiliary.
    Where a metric has several sources (ports, supplies), each is a channel of its own, to be summed.

    `scopes` says what a power sees where its name does not: `wattmetre_` and `pdu_` wall, `bmc_`
    node, `bmc_cpu_` cpu, `bmc_gpu_` gpu. `node` None is this host, `site` None the second part of
    its full name. The wattmetres give a value once a second, 50 times with the job type
    `monitor=wattmetre_power_watt` (Grid'5000, "Energy consumption monitoring"); a BMC rounds to 1 W.
    The page states neither step nor accuracy: `resolution` and `accuracy_relative` are declared, not
    certified. From inside Grid'5000 no password is asked.
    """

    def __init__(
        self,
        url: str = "https://api.grid5000.fr/stable",
        site: str | None = None,
        node: str | None = None,
        metrics: Sequence[str] = ("wattmetre_power_watt",),
        scopes: Mapping[str, Scope] | None = None,
        page_s: float = 3600.0,
        update_period_s: float = 1.0,
        resolution: float = 0.1,
        accuracy_absolute_w: float = 0.0,
        accuracy_relative: float = 0.01,
        **server: Unpack[ServerOptions],
    ) -> None:
        server.setdefault("timeout_s", TIMEOUT_S)
        super().__init__(url, where=WHERE, update_period_s=update_period_s, **server)
        name, _, domain = platform.node().partition(".")
        self._node = (node or name).partition(".")[0]
        self._site = site or domain.partition(".")[0]
        if not self._site:
            raise ConfigError(
                "this host does not tell its site", where=f"{WHERE}.site", cure="say e.g. lyon"
            )
        self._metrics = list(metrics)
        self._scopes = dict(scopes or {})
        self._page_s = page_s
        self._accuracy = (resolution, accuracy_absolute_w, accuracy_relative)
        self._names: dict[Source, str] = {}

    @property
    def _date_path(self) -> str:
        return f"/sites/{self._site}/metrics?nodes={self._node}&metrics=none"

    def _discover(self) -> list[Channel]:
        seconds = max(RECENT_S, 10 * self._update_period_s)
        now_ns = time.time_ns()
        recent = self._samples(now_ns - round(seconds * NS_PER_S), now_ns + FAST_CLOCK_NS)
        sources = sorted({source for source, _, _ in recent})
        by_metric = {
            metric: [source for source in sources if source[0] == metric]
            for metric in self._metrics
        }
        missing = [metric for metric, found in by_metric.items() if not found]
        if missing:
            raise MeterUnavailable(
                f"{self._node} has no {', '.join(missing)} in the last {seconds:g} s",
                where=f"{WHERE}.metrics",
                cure=f"see {self._endpoint.url}/sites/{self._site}/clusters/"
                f"{self._node.rpartition('-')[0]}, key metrics, for what this cluster has",
            )
        self._names = {
            source: source[0] if len(found) == 1 else f"{source[0]}-{source[1]}"
            for found in by_metric.values()
            for source in found
        }
        return _apart([self._channel(metric, name) for (metric, _), name in self._names.items()])

    def _fetch(self, first_ns: int, last_ns: int) -> dict[str, Record]:
        records: dict[str, list[Record]] = {name: [] for name in self._names.values()}
        for begin_ns, end_ns in pages(first_ns, last_ns, self._page_s):
            found: dict[str, list[tuple[int, float]]] = {name: [] for name in records}
            for source, at_ns, value in self._samples(begin_ns, end_ns):
                if source in self._names:
                    found[self._names[source]].append((at_ns, value))
            for name, pairs in found.items():
                times_ns = np.array([at_ns for at_ns, _ in pairs], np.int64)
                values = np.array([value for _, value in pairs], np.float64)
                records[name].append(Record(times_ns, values))
        return {name: joined(parts) for name, parts in records.items()}

    def _samples(self, first_ns: int, last_ns: int) -> Iterator[tuple[Source, int, float]]:
        """Source, epoch ns and value; MeterUnavailable where the answer is not Kwollect's."""
        # The ends may be cut to whole seconds.
        params = {
            "nodes": self._node,
            "metrics": ",".join(self._metrics),
            "start_time": utc(first_ns),
            "end_time": utc(last_ns + NS_PER_S),
        }
        answer = self._endpoint.get(f"/sites/{self._site}/metrics", params).json()
        try:
            for sample in answer:
                yield _source(sample), epoch_ns(sample["timestamp"]), _number(sample["value"])
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise MeterUnavailable(
                f"answered {str(answer)[:120]}", where=WHERE, cure="check url, site and node"
            ) from error

    def _channel(self, metric: str, name: str) -> Channel:
        if not metric.endswith(POWER_SUFFIX):
            unit = UNITS.get(metric.rpartition("_")[2], "1")
            return Channel(name, "auxiliary", unit, "node", "measured")
        scope = self._scopes.get(metric) or next(
            (scope for start, scope in SCOPES.items() if metric.startswith(start)), None
        )
        if scope is None:
            raise ConfigError(
                f"what {metric} sees is not known",
                where=f"{WHERE}.scopes",
                cure=f"say meter.kwollect.scopes.{metric}=wall, node, cpu or gpu",
            )
        resolution, absolute_w, relative = self._accuracy
        return power_channel(
            name,
            scope,
            resolution_w=1.0 if metric.startswith("bmc_") else resolution,
            update_period_s=self._update_period_s,
            accuracy_absolute_w=absolute_w,
            accuracy_relative=relative,
        )


def _apart(channels: Sequence[Channel]) -> list[Channel]:
    """Two metrics of one scope see the same joules: the later one counts as inside the first."""
    first: dict[Scope, str] = {}
    for channel in channels:
        if channel.kind != "auxiliary":
            first.setdefault(channel.scope, channel.name)

    def placed(channel: Channel) -> Channel:
        widest = first.get(channel.scope, channel.name)
        alone = channel.kind == "auxiliary" or _metric(widest) == _metric(channel.name)
        return channel if alone else replace(channel, inside=widest)

    return [placed(channel) for channel in channels]


def _metric(name: str) -> str:
    return name.partition("-")[0]


def _source(sample: Mapping[str, Any]) -> Source:
    """Metric, and the labels that tell its sources apart."""
    labels = sample.get("labels") or {}
    parts = []
    for name in sorted(labels):
        value = labels[name]
        parts.append("+".join(map(str, value)) if isinstance(value, list) else str(value))
    return str(sample["metric_id"]), "-".join(parts)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
