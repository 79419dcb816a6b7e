"""NVIDIA GPUs through the driver's management library."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from joulelab.errors import ConfigError, MeterError, MeterUnavailable
from joulelab.meters.nvml_gpu import Gpu
from joulelab.meters.nvml_library import GONE, INVALID_ARGUMENT, NOT_FOUND, WHERE, load, refusal
from joulelab.meters.nvml_readings import READINGS, Source
from joulelab.records import Channel, Sample

SLOW_S = 1e-3
RETRY_NS = 1_000_000_000


class Nvml:
    """Channels `gpu-<index>`, and every `auxiliary_period_s` (null: never) `utilisation-<index>`,
    `memory_used-<index>`, `sm_clock-<index>` and `temperature-<index>`.

    `gpus`: indices or UUIDs, null for all that tell their energy; CUDA_VISIBLE_DEVICES is not heeded.
    `source`: `counter` (energy since the driver was loaded, moved every 0.1 s or so), `instant` or
    `usage` (power; averaged over 1 s on most cards since Ampere), null for the first that a card
    answers. `library`: a file in place of the driver's libnvidia-ml.so.1.

    `accuracy_relative`: NVIDIA states ±5 % for Fermi and Kepler only (NVML reference,
    nvmlDeviceGetPowerUsage) and nothing for newer cards. A100 and H100 look at their power a quarter
    of the time (arXiv 2312.02741): loads that swing faster than 0.1 s can err by more.

    A driver that answers slowly makes the meter `remote` at its start.
    """

    def __init__(
        self,
        gpus: Sequence[int | str] | int | str | None = None,
        source: Source | None = None,
        auxiliary_period_s: float | None = 1.0,
        accuracy_absolute_w: float = 0.0,
        accuracy_relative: float = 0.05,
        library: str | None = None,
    ) -> None:
        if source is not None and source not in READINGS:
            raise ConfigError(
                f"no reading {source}",
                where=f"{WHERE}.source",
                cure=f"one of {', '.join(READINGS)}",
            )
        if gpus == []:
            raise ConfigError("names no GPU", where=f"{WHERE}.gpus", cure="null takes all")
        self.remote = False
        self.note = ""
        self.trouble: str | None = None
        self._wanted = [gpus] if isinstance(gpus, int | str) else gpus
        self._source = source
        self._auxiliary_period_s = auxiliary_period_s
        self._accuracy = (accuracy_absolute_w, accuracy_relative)
        self._library = library
        self._nvml: Any = None
        self._gpus: list[Gpu] = []
        self._channels: tuple[Channel, ...] = ()
        self._turn = 0
        self._due_ns = self._retry_ns = 0

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    def start(self) -> None:
        self.stop()
        nvml = load(self._library)
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as error:
            raise refusal(error) from error
        self._nvml = nvml
        try:
            self._gpus, silent = self._open()
        except nvml.NVMLError as error:
            self.stop()
            raise refusal(error) from error
        except (MeterError, ConfigError):
            self.stop()
            raise
        self.trouble = "; ".join(silent) or None
        self.note = "; ".join([gpu.note for gpu in self._gpus] + silent)
        self._channels = tuple(self._declared())
        self._turn = self._retry_ns = 0
        self.remote = False
        self.remote = self._slow()

    def read(self) -> Sequence[Sample]:
        asked_ns = time.monotonic_ns()
        samples = [gpu.read() for gpu in self._gpus]
        now_ns = time.monotonic_ns()
        failed = next((gpu for gpu in self._gpus if gpu.failure is not None), None)
        if failed is not None:
            self._complain(failed, now_ns)
        if self._auxiliary_due(asked_ns, now_ns):
            # One GPU at a time: eight of them together would hold up the other meters.
            self._turn = (self._turn + 1) % len(self._gpus)
            samples += self._gpus[self._turn].read_auxiliary()
        return samples

    def stop(self) -> None:
        self._gpus = []
        if self._nvml is not None:
            nvml, self._nvml = self._nvml, None
            _shut(nvml)

    def _open(self) -> tuple[list[Gpu], list[str]]:
        """The GPUs to read and, where all were meant, why some are left out."""
        gpus: list[Gpu] = []
        silent: list[MeterError] = []
        for handle in self._handles():
            try:
                gpu = Gpu(self._nvml, handle, self._source)
            except MeterUnavailable as error:
                if self._wanted is not None:
                    raise
                silent.append(error)
                continue
            if gpu.uuid not in {known.uuid for known in gpus}:
                gpus.append(gpu)
        if silent and not gpus:
            raise silent[0]
        if not gpus:
            raise MeterUnavailable(
                "the driver sees no GPU",
                where=WHERE,
                cure="see what `nvidia-smi` says; a container needs `docker run --gpus all`",
            )
        return gpus, [error.what for error in silent]

    def _handles(self) -> Iterator[Any]:
        nvml = self._nvml
        wanted = range(nvml.nvmlDeviceGetCount()) if self._wanted is None else self._wanted
        for each in wanted:
            by_index = isinstance(each, int) or each.isdecimal()
            try:
                if by_index:
                    yield nvml.nvmlDeviceGetHandleByIndex(int(each))
                else:
                    yield nvml.nvmlDeviceGetHandleByUUID(each)
            except nvml.NVMLError as error:
                if error.value not in (INVALID_ARGUMENT, NOT_FOUND):
                    raise
                raise ConfigError(
                    f"no GPU {each}",
                    where=f"{WHERE}.gpus",
                    cure=f"this machine has {nvml.nvmlDeviceGetCount()}, counted from 0; "
                    "`nvidia-smi -L` lists them",
                ) from error

    def _declared(self) -> Iterator[Channel]:
        for gpu in self._gpus:
            yield gpu.channel(*self._accuracy)
        if self._auxiliary_period_s is not None:
            for gpu in self._gpus:
                yield from gpu.auxiliary_channels(self._auxiliary_period_s)

    def _auxiliary_due(self, asked_ns: int, now_ns: int) -> bool:
        """Not where others wait for a driver that is slow at the moment."""
        period_s = self._auxiliary_period_s
        if period_s is None or not self._gpus or now_ns < self._due_ns:
            return False
        if not self.remote and now_ns - asked_ns > SLOW_S * 1e9:
            return False
        self._due_ns = now_ns + round(period_s * 1e9 / len(self._gpus))
        return True

    def _complain(self, failed: Gpu, now_ns: int) -> None:
        self.trouble = f"{failed.name}: {self._nvml.NVMLError(failed.failure)}"
        if failed.failure in GONE and now_ns >= self._retry_ns:
            self._retry_ns = now_ns + RETRY_NS
            self._reconnect()

    def _slow(self) -> bool:
        """Whether a reading takes too long to be shared with other meters. The first one sets zero."""
        took_s = []
        for _ in range(2):
            self._due_ns = 0
            asked_s = time.perf_counter()
            self.read()
            took_s.append(time.perf_counter() - asked_s)
        self._due_ns = 0
        return min(took_s) > SLOW_S

    def _reconnect(self) -> None:
        nvml = self._nvml
        _shut(nvml)
        with suppress(nvml.NVMLError):  # still away: tried again in a second
            nvml.nvmlInit()
            for gpu in self._gpus:
                gpu.find_again()


def _shut(nvml: Any) -> None:
    with suppress(nvml.NVMLError):  # the driver may be gone already
        nvml.nvmlShutdown()
