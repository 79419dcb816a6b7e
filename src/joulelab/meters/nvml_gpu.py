"""One NVIDIA GPU: its channels and its readings."""

from __future__ import annotations

import math
import time
from typing import Any

from joulelab.meters.nvml_library import RESTARTED
from joulelab.meters.nvml_readings import (
    AUXILIARY,
    READINGS,
    UPDATE_PERIOD_S,
    Source,
    answers,
    averaging_s,
    choose,
    divided,
    text,
)
from joulelab.records import Channel, Sample

IMPLAUSIBLE = 1.5
POWER_MAX_W = 2000.0
# The counter moves in steps: two close readings may lie a whole step apart.
_STEP_NS = 10 * UPDATE_PERIOD_S * 1e9


class Gpu:
    """Channel `gpu-<index>`, in J since the first good reading or in W, and the auxiliary ones.

    Raises what `choose` raises. `failure` is the return code of the last reading, None for a good one.
    """

    def __init__(self, nvml: Any, handle: Any, wanted: Source | None = None) -> None:
        self._nvml = nvml
        self._handle = handle
        self.source = choose(nvml, handle, wanted)
        self.index = str(nvml.nvmlDeviceGetIndex(handle))
        self.name = f"gpu-{self.index}"
        self.uuid = text(nvml.nvmlDeviceGetUUID(handle))
        self.failure: int | None = None
        self._averaging_s = averaging_s(nvml, handle, self.source)
        self._power_max_w = _power_max_w(nvml, handle)
        self._ask = READINGS[self.source]
        self._auxiliary = [
            (f"{what}-{self.index}", unit, ask)
            for what, unit, ask in AUXILIARY
            if answers(nvml, handle, ask)
        ]
        self._restarted = False
        self._last_mj = self._last_ns = self._total_mj = 0

    @property
    def note(self) -> str:
        said = "energy counter" if self.source == "counter" else "power of the moment"
        if self._averaging_s:
            said = f"power averaged over {self._averaging_s:g} s"
        if divided(self._nvml, self._handle):
            said += ", all its MIG instances together"
        return f"{self.name}: {text(self._nvml.nvmlDeviceGetName(self._handle))}, {said}"

    def channel(self, accuracy_absolute_w: float, accuracy_relative: float) -> Channel:
        counter = self.source == "counter"
        return Channel(
            name=self.name,
            kind="counter" if counter else "power",
            unit="J" if counter else "W",
            scope="gpu",
            provenance="measured",
            resolution=0.001,
            update_period_s=self._averaging_s or UPDATE_PERIOD_S,
            accuracy_absolute_w=accuracy_absolute_w,
            accuracy_relative=accuracy_relative,
            power_max_w=self._power_max_w,
        )

    def auxiliary_channels(self, period_s: float) -> list[Channel]:
        return [
            Channel(name, "auxiliary", unit, "gpu", "measured", update_period_s=period_s)
            for name, unit, _ in self._auxiliary
        ]

    def read(self) -> Sample:
        """Infinity where the counter went back, leapt, or the driver was gone in between."""
        asked_ns = time.monotonic_ns()
        try:
            raw = self._ask(self._nvml, self._handle)
        except self._nvml.NVMLError as error:
            self.failure = int(error.value)
            self._restarted = self._restarted or self.failure in RESTARTED
            return Sample(time.monotonic_ns(), self.name, math.nan)
        self.failure = None
        now_ns = (asked_ns + time.monotonic_ns()) // 2
        if self.source != "counter":
            return Sample(now_ns, self.name, raw / 1000)
        return Sample(now_ns, self.name, self._count(raw, now_ns))

    def read_auxiliary(self) -> list[Sample]:
        """Only what was answered: a missing load is no gap in the energy."""
        samples = []
        for name, _, ask in self._auxiliary:
            try:
                value = float(ask(self._nvml, self._handle))
            except self._nvml.NVMLError:
                continue
            samples.append(Sample(time.monotonic_ns(), name, value))
        return samples

    def find_again(self) -> None:
        self._handle = self._nvml.nvmlDeviceGetHandleByUUID(self.uuid)

    def _count(self, raw_mj: int, now_ns: int) -> float:
        grown_mj, passed_ns = raw_mj - self._last_mj, now_ns - self._last_ns
        first, restarted = not self._last_ns, self._restarted
        self._last_mj, self._last_ns, self._restarted = raw_mj, now_ns, False
        if first:
            return 0.0
        # 1 W is 1e-6 mJ/ns.
        bound_mj = (passed_ns + _STEP_NS) * IMPLAUSIBLE * self._power_max_w * 1e-6
        if restarted or not 0 <= grown_mj <= bound_mj:
            return math.inf
        self._total_mj += grown_mj
        return self._total_mj / 1000


def _power_max_w(nvml: Any, handle: Any) -> float:
    try:
        return float(nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)[1]) / 1000
    except nvml.NVMLError:
        return POWER_MAX_W
