"""The metrics API of Grid'5000 on loopback: a node's samples, stamped with a zone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from support.loopback import Answer, Loopback, Request

from joulelab.meters.transport.iso_time import epoch_ns

ZONE = timezone(timedelta(hours=1))
NS_PER_S = 1_000_000_000


class FakeKwollect(Loopback):
    """`metrics`: name -> value at epoch seconds, sampled every `period_s`; None leaves one out.
    `origins`: name -> `_device_orig` of each of its sources, which then share the value evenly.
    `clock` is the epoch time of whoever stamps. The end of a window is cut to whole seconds.
    """

    def __init__(
        self,
        metrics: Mapping[str, Callable[[float], float | None]],
        clock: Callable[[], float],
        period_s: float = 1.0,
        origins: Mapping[str, list[str]] | None = None,
        site: str = "lyon",
        node: str = "taurus-7",
    ) -> None:
        super().__init__(self._serve)
        self.metrics = metrics
        self.clock = clock
        self.period_s = period_s
        self.origins = dict(origins or {})
        self.disorder = False
        self.path, self.node = f"/sites/{site}/metrics", node

    def _serve(self, request: Request) -> Answer:
        if request.path != self.path:
            return Answer(b'{"code": 404, "message": "Not Found"}', 404)
        params = request.params
        if params.get("nodes") != self.node or "start_time" not in params:
            return Answer(b"[]")
        first_s = epoch_ns(params["start_time"]) / NS_PER_S
        last_s = min(epoch_ns(params["end_time"]) // NS_PER_S, self.clock())
        samples: list[dict[str, Any]] = []
        for name in params["metrics"].split(","):
            if name in self.metrics:
                samples += self._samples(name, first_s, last_s)
        if self.disorder:
            samples = [*samples[::-1], *samples[: len(samples) // 2]]
        return Answer(json.dumps(samples).encode())

    def _samples(self, name: str, first_s: float, last_s: float) -> list[dict[str, Any]]:
        origins = self.origins.get(name, ["wattmetre1-port6"])
        found = []
        number = math.ceil(first_s / self.period_s)
        while (at_s := number * self.period_s) <= last_s:
            value = self.metrics[name](at_s)
            number += 1
            if value is None:
                continue
            found += [
                {
                    "timestamp": datetime.fromtimestamp(at_s, ZONE).isoformat(),
                    "device_id": self.node,
                    "metric_id": name,
                    "value": value / len(origins),
                    "labels": {"_device_orig": [origin]},
                }
                for origin in origins
            ]
        return found
