"""CodeCarbon's figures, beside whatever is measured: an estimate that people know."""

from __future__ import annotations

import importlib.util
import logging
import math
import tempfile
from collections.abc import Sequence
from typing import Any

from joulelab.errors import MeterUnavailable
from joulelab.records import Channel, Sample, Scope
from joulelab.units import J_PER_KWH, NS_PER_S


class CodeCarbon:
    """Channels `cpu`, `dram` and, where CodeCarbon finds one, `gpu`: its joules of the machine.

    Declared estimated even where CodeCarbon reads RAPL or NVML below (`method` says what it uses):
    its DRAM figure is always a model, and it loses what lies in a counter's gap.
    `country_iso_code` (three letters) decides only about `emissions_kg`. Nothing is asked of a
    network, nothing written to a file, and runs side by side do not lock each other out, whatever
    `.codecarbon.config` says.
    """

    # Its start takes seconds: hardware detection through child processes.
    remote = True

    def __init__(
        self,
        country_iso_code: str = "FRA",
        period_s: float = 1.0,
        tracking_mode: str = "machine",
        force_cpu_power: float | None = None,
    ) -> None:
        self._options: dict[str, Any] = {
            "country_iso_code": country_iso_code,
            "tracking_mode": tracking_mode,
        }
        if force_cpu_power is not None:
            self._options["force_cpu_power"] = force_cpu_power
        self._period_s = period_s
        self._tracker: Any = None
        self._channels: tuple[Channel, ...] = ()
        self.method = ""
        self.emissions_kg = math.nan

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    note = "estimate beside what is measured, at 1 Hz"

    def probe(self) -> None:
        if importlib.util.find_spec("codecarbon") is None:
            raise MeterUnavailable(
                "codecarbon is not installed",
                where="meter.codecarbon",
                cure="`pip install codecarbon`, or leave the meter out",
            )

    def start(self) -> None:
        self.stop()
        self.probe()
        from codecarbon import OfflineEmissionsTracker

        logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
        tracker: Any = OfflineEmissionsTracker(
            measure_power_secs=self._period_s,
            output_methods=[],
            output_dir=tempfile.gettempdir(),
            emissions_endpoint="",
            electricitymaps_api_token="",
            allow_multiple_runs=True,
            log_level="critical",
            **self._options,
        )
        tracker.start()
        if getattr(tracker, "_start_time", None) is None:
            raise MeterUnavailable(
                "codecarbon did not start",
                where="meter.codecarbon",
                cure="see why with `codecarbon detect`, or leave the meter out",
            )
        # Our own reading sets its pace: its timer would stamp nothing.
        tracker._scheduler.stop()
        self._tracker = tracker
        self.method = ", ".join(map(str, tracker._conf.get("hardware", ())))
        has_gpu = bool(tracker._conf.get("gpu_count"))
        scopes: tuple[Scope, ...] = ("cpu", "dram", "gpu") if has_gpu else ("cpu", "dram")
        self._channels = tuple(self._channel(scope) for scope in scopes)

    def read(self) -> Sequence[Sample]:
        tracker = self._tracker
        if tracker is None:
            return ()
        tracker._measure_power_and_energy()
        time_ns = round(tracker._last_measured_time * NS_PER_S)
        joules = {
            "cpu": tracker._total_cpu_energy.kWh * J_PER_KWH,
            "dram": tracker._total_ram_energy.kWh * J_PER_KWH,
            "gpu": tracker._total_gpu_energy.kWh * J_PER_KWH,
        }
        return [Sample(time_ns, channel.name, joules[channel.name]) for channel in self._channels]

    def stop(self) -> None:
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            emissions_kg = tracker.stop()
            self.emissions_kg = math.nan if emissions_kg is None else float(emissions_kg)

    def _channel(self, scope: Scope) -> Channel:
        return Channel(
            name=scope,
            kind="counter",
            unit="J",
            scope=scope,
            provenance="estimated",
            update_period_s=self._period_s,
            # arXiv 2509.22092 found it up to 40 % off.
            accuracy_relative=0.4,
        )
