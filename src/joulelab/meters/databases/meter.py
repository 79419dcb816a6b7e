"""What the meters share whose samples somebody else records: a database asked after the run."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from joulelab.errors import MeterUnavailable
from joulelab.meters.databases.records import NOTHING, Record, lack, trimmed, without_step
from joulelab.meters.energy.counters import unwrap
from joulelab.meters.transport.clock import DATE_STEP_S, from_dates
from joulelab.meters.transport.http import Endpoint
from joulelab.records import Channel, Instant, Sample
from joulelab.units import NS_PER_S

WAIT_MAX_S = 45.0
MARGIN_S = 60.0
ASK_AGAIN_S = 0.25
ASK_DATE_S = 0.04
DATES_S = 0.05
"""Dates of a busy server may lie this far beside its stamps."""


class ServerOptions(TypedDict, total=False):
    """What every database may be told about its server; see DatabaseMeter."""

    user: str | None
    password: str | None
    token: str | None
    verify: bool
    timeout_s: float
    wait_s: float | None
    clock_offset_s: float | None
    u_clock_s: float


class DatabaseMeter(ABC):
    """Says nothing while the run goes; `collect` fetches it by wall clock.

    `token` stands under `scheme` unless it names its own; `verify` is about the certificate of an
    https server. `clock_offset_s` is the clock of the recorded stamps less this host's as the user
    states it, with standard uncertainty `u_clock_s`; None: told by the server's HTTP dates.

    The sample after the end of the run is written some time later: `collect` waits for it, at most
    `wait_s` after the end (None: two update periods and 5 s, 45 s at most). `trouble` then says
    what the record lacks, and whether the server's clock was set in between, as far as its dates
    show: `u_clock_s` of the channels is widened by that step.
    """

    remote = True
    live = False

    def __init__(
        self,
        url: str,
        *,
        where: str,
        update_period_s: float,
        scheme: str = "Bearer",
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        verify: bool = True,
        timeout_s: float = 10.0,
        wait_s: float | None = None,
        clock_offset_s: float | None = None,
        u_clock_s: float = 0.0,
    ) -> None:
        self._endpoint = Endpoint(
            url,
            where=f"{where}.url",
            timeout_s=timeout_s,
            user=user,
            password=password,
            token=token if token is None or " " in token else f"{scheme} {token}",
            verify=verify,
        )
        self._where = where
        self._update_period_s = update_period_s
        self._wait_s = min(2 * update_period_s + 5.0, WAIT_MAX_S) if wait_s is None else wait_s
        self._margin_ns = round(max(MARGIN_S, 3 * update_period_s, self._wait_s) * NS_PER_S)
        self._stated_offset_s, self._stated_u_s = clock_offset_s, u_clock_s
        self._channels: tuple[Channel, ...] = ()
        self._offset_s = self._u_clock_s = 0.0
        self.trouble: str | None = None

    note = "asked after the run"

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    @abstractmethod
    def _discover(self) -> list[Channel]:
        """The channels that the server has now; raises what `start` raises."""

    @abstractmethod
    def _fetch(self, first_ns: int, last_ns: int) -> Mapping[str, Record]:
        """What is recorded in [first, last] epoch ns of the server's clock, by channel name."""

    @property
    @abstractmethod
    def _date_path(self) -> str:
        """What may be asked for the time of day alone."""

    def probe(self) -> None:
        try:
            self._discover()
        finally:
            self._endpoint.close()

    def start(self) -> None:
        self.stop()
        self.trouble = None
        try:
            channels = self._discover()
            self._offset_s, self._u_clock_s = self._ask_clock()
        except Exception:
            self._endpoint.close()
            raise
        self._channels = tuple(
            replace(channel, clock_offset_s=self._offset_s, u_clock_s=self._u_clock_s)
            for channel in channels
        )

    def read(self) -> Sequence[Sample]:
        return ()

    def stop(self) -> None:
        self._endpoint.close()

    def collect(self, start: Instant, stop: Instant) -> Sequence[Sample]:
        # Not by the stop's own wall clock: it may have been set in between.
        first_ns = start.wall_ns + round(self._offset_s * NS_PER_S)
        last_ns = first_ns + stop.monotonic_ns - start.monotonic_ns
        try:
            step_s, doubt_s = self._clock_step(start)
            set_by_ns = round(max(step_s, 0.0) * NS_PER_S)
            self._await_sample_after(last_ns + set_by_ns, stop)
            records = dict(
                self._fetch(first_ns - self._margin_ns, last_ns + set_by_ns + self._margin_ns)
            )
        finally:
            self._endpoint.close()
        troubles: list[str | None] = []
        if step_s:
            troubles.append(self._undo(step_s, doubt_s, records))
        shift_ns = start.monotonic_ns - first_ns
        samples: list[Sample] = []
        for channel in self._channels:
            record = trimmed(records.get(channel.name, NOTHING), first_ns, last_ns)
            times_ns, values = record
            if channel.kind == "counter":
                times_ns, values = unwrap(*record, channel.wrap_j, channel.power_max_w)
            troubles.append(lack(channel, record, values, first_ns, last_ns))
            samples += [
                Sample(at_ns + shift_ns, channel.name, value)
                for at_ns, value in zip(times_ns.tolist(), values.tolist(), strict=True)
            ]
        self.trouble = "; ".join(filter(None, troubles)) or None
        return samples

    def _await_sample_after(self, last_ns: int, stop: Instant) -> None:
        energetic = {channel.name for channel in self._channels if channel.kind != "auxiliary"}
        until_ns = stop.monotonic_ns + round(self._wait_s * NS_PER_S)
        pause_s = max(ASK_AGAIN_S, self._update_period_s / 4)
        while True:
            tail = self._fetch(last_ns + 1, last_ns + self._margin_ns)
            missing = {name for name in energetic if not len(tail.get(name, NOTHING).times_ns)}
            left_s = (until_ns - time.monotonic_ns()) / NS_PER_S
            if not missing or left_s <= 0:
                return
            time.sleep(min(pause_s, left_s))

    def _ask_clock(self) -> tuple[float, float]:
        if self._stated_offset_s is not None:
            return self._stated_offset_s, self._stated_u_s
        offset_s, u_s = dates(self._endpoint, self._date_path)
        if not math.isfinite(offset_s):
            raise MeterUnavailable(
                "the server does not say what time it is",
                where=self._where,
                cure=f"state its clock less this host's: {self._where}.clock_offset_s=0",
            )
        return offset_s, math.hypot(u_s, self._stated_u_s)

    def _clock_step(self, start: Instant) -> tuple[float, float]:
        """By how much the server's clock was set since the start, and the bound of that figure's
        error; 0 where its dates do not contradict each other."""
        if self._stated_offset_s is not None:
            return 0.0, 0.0
        offset_s, u_s = dates(self._endpoint, self._date_path)
        # Against the clocks as they were at the start: this host's may have been set too.
        host_ns = (time.time_ns() - time.monotonic_ns()) - (start.wall_ns - start.monotonic_ns)
        step_s = offset_s + host_ns / NS_PER_S - self._offset_s
        # Dates give rectangular bounds: apart, they contradict each other.
        doubt_s = math.sqrt(3) * (u_s + self._u_clock_s) + DATES_S
        return (step_s, doubt_s) if abs(step_s) > doubt_s else (0.0, doubt_s)

    def _undo(self, step_s: float, doubt_s: float, records: dict[str, Record]) -> str:
        """Bring the stamps after the step back where it can be found in every record."""
        mended = {name: without_step(each, step_s, doubt_s) for name, each in records.items()}
        found = {name: record for name, record in mended.items() if record is not None}
        whole = len(found) == len(records)
        if whole:
            records.update(found)
        bound_s = doubt_s if whole else abs(step_s)
        u_clock_s = math.hypot(self._u_clock_s, bound_s / math.sqrt(3))
        self._channels = tuple(replace(each, u_clock_s=u_clock_s) for each in self._channels)
        what = f"the server's clock was set by about {step_s:+.1f} s while the run went"
        return f"{what}: stamps after that brought back" if whole else what


def dates(endpoint: Endpoint, path: str) -> tuple[float, float]:
    """`from_dates` of questions until the second has turned: as exact as an answer is fast."""
    replies = [endpoint.get(path)]
    until_ns = replies[0].answered_ns + round((DATE_STEP_S + ASK_DATE_S) * NS_PER_S)
    while replies[-1].date_s == replies[0].date_s and replies[-1].answered_ns < until_ns:
        time.sleep(ASK_DATE_S)
        replies.append(endpoint.get(path))
    return from_dates(replies)
