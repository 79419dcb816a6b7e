"""Shelly wall plugs and meters of every generation, over the local network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from joulelab.errors import ConfigError, MeterError
from joulelab.meters.plug import PolledPlug, Reading, SinceStart, declare
from joulelab.meters.shelly_api import HOST, Device, Gen2, recognise
from joulelab.meters.shelly_script import NAME, PERIOD_S, SCRIPT, PlugScript, readings
from joulelab.meters.transport.http import Endpoint, Reply
from joulelab.records import Channel, Instant, Sample

COUNTER_PERIOD_S = 60.0
"""Shelly documents energy by the minute, and no rhythm of the total."""
CLOCK_EXCHANGES = 4


class Shelly(PolledPlug):
    """Channels `power` (W) and, inside it, `energy`, the plug's own counter.

    `host` is an address or URL; generation and kind of component are found by asking, `channel` is
    the number of the relay or meter. Accuracy: ±3 W below 300 W and ±1 % above, what the
    performance-tracking study on BigEarthNet (Verlynde, MIT) states of its plug. A Channel adds the
    two bounds, which is never less than that rule; set `accuracy_relative` to 0 where no load
    exceeds 300 W. One chip measures both channels, so both share it.

    `script` (Gen2 and later) uploads a script that samples every `script_period_s` and keeps a
    minute of it: a shorter outage of the network leaves no gap. It stamps by the plug's uptime,
    which the exchanges themselves bring to this host's clock (`u_clock_s` of the channels); an
    uptime has no zero in common with a clock, so no offset is declared.
    """

    def __init__(
        self,
        host: str,
        channel: int = 0,
        user: str = "admin",
        password: str | None = None,
        timeout_s: float = 1.2,
        update_period_s: float = 1.0,
        counter_period_s: float = COUNTER_PERIOD_S,
        accuracy_absolute_w: float = 3.0,
        accuracy_relative: float = 0.01,
        script: bool = False,
        script_period_s: float = PERIOD_S,
    ) -> None:
        super().__init__(
            Endpoint(host, where=HOST, timeout_s=timeout_s, user=user, password=password)
        )
        self._channel = channel
        self._password = password
        self._update_period_s = update_period_s
        self._counter_period_s = counter_period_s
        self._accuracy_absolute_w = accuracy_absolute_w
        self._accuracy_relative = accuracy_relative
        self._wants_script = script
        self._script_period_s = script_period_s
        self._device: Device | None = None
        self._script: PlugScript | None = None
        self._kept: list[tuple[Reading, bool]] = []
        # Only with a script does a start change anything on the plug.
        self.probe: Callable[[], None] | None = self._look if script else None

    @property
    def note(self) -> str:
        if self._device is None:
            return "a wall plug, 1 Hz"
        return f"{self._device.model}, Gen{self._device.generation}"

    def start(self) -> None:
        super().start()
        self._kept = []

    def stop(self) -> None:
        script, self._script = self._script, None
        if script is not None:
            # A plug that is silent now would only hold up the end of the run.
            if not self._silent:
                self._end(script)
            else:
                self.trouble = f"{self.trouble}; the script {NAME} stays on the plug"
            self._kept = readings(script.sessions)
        super().stop()

    def collect(self, start: Instant, stop: Instant) -> Sequence[Sample]:
        """What the script kept; nothing in plain polling, whose live samples are all there is."""
        if not self._kept:
            return ()
        since = SinceStart(self._zero_j, self._kept[0][0].total_j)
        times_ns = [reading.time_ns for reading, _ in self._kept]
        first = sum(time_ns < start.monotonic_ns for time_ns in times_ns) - 1
        last = sum(time_ns <= stop.monotonic_ns for time_ns in times_ns)
        samples = []
        for number, (reading, restarted) in enumerate(self._kept):
            energy_j = since.value(reading.total_j, restarted)
            if first <= number <= last:
                samples.append(Sample(reading.time_ns, "power", reading.power_w))
                samples.append(Sample(reading.time_ns, "energy", energy_j))
        return samples

    def _end(self, script: PlugScript) -> None:
        for act in (script.pull_all, script.remove):
            try:
                act()
            except MeterError as error:
                self.trouble = f"at the end of the script {NAME} on the plug: {error}"

    def _look(self) -> None:
        try:
            self._device = self._recognise()
        finally:
            self._endpoint.close()

    def _recognise(self) -> Device:
        device = recognise(self._endpoint, self._channel, self._password)
        if self._wants_script and not isinstance(device, Gen2):
            raise ConfigError(
                f"{device.model} is of the first generation, which runs no scripts",
                where=SCRIPT,
                cure=f"set {SCRIPT}=false",
            )
        return device

    def _find(self) -> tuple[Channel, ...]:
        device = self._device = self._recognise()
        u_clock_s = 0.0
        if self._wants_script and isinstance(device, Gen2):
            self._script = PlugScript(device, self._endpoint, self._script_period_s)
            self._script.install()
            for _ in range(CLOCK_EXCHANGES):
                self._script.pull()
            u_clock_s = self._script.sessions[-1].clock.u_s
        return declare(
            power_resolution_w=device.power_resolution_w,
            counter_resolution_j=device.counter_resolution_j,
            update_period_s=self._update_period_s,
            counter_period_s=self._counter_period_s,
            accuracy_absolute_w=self._accuracy_absolute_w,
            accuracy_relative=self._accuracy_relative,
            u_clock_s=u_clock_s,
        )

    def _ask(self) -> Reading:
        assert self._device is not None
        return self._device.read() if self._script is None else self._script.pull_all()

    def _uptime(self) -> tuple[float, Reply]:
        assert self._device is not None
        return self._device.uptime()

    def _rebooted(self) -> bool:
        rebooted = super()._rebooted()
        if rebooted and self._script is not None:
            self._script.restart()
        return rebooted
