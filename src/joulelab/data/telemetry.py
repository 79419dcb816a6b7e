"""Generated telemetry of small servers with declared anomalies: no instrument ever saw it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from joulelab.data import telemetry_faults
from joulelab.data.anomaly import AnomalyData, Preparation, bare_spec
from joulelab.data.entities import Anomaly, Entity, Series, choose, marks_of, series
from joulelab.errors import ConfigError
from joulelab.records import DataSpec

UNITS = {
    "request_hz": "Hz",
    "cpu_load": "1",
    "power_w": "W",
    "current_a": "A",
    "supply_v": "V",
    "chip_c": "°C",
    "board_c": "°C",
    "fan_hz": "Hz",
}
_STEP_S = 10.0
_WARM_UP = 500  # steps thrown away: the temperatures have forgotten where they began


class Telemetry(AnomalyData):
    """Eight channels a server, a sample each ten seconds, servers that differ in their habits.

    Requests follow a daily cycle, steps of load and noise; load, power, current, supply voltage, two
    temperatures and the fan follow from them with their own delays. Training is normal; `val` and
    `test` hold one anomaly each 200 to 350 steps, of the kinds of `telemetry_faults.KINDS`, most of
    which stay within the range of normal values. `steps` are those of train, val and test.
    """

    def __init__(
        self,
        servers: int = 3,
        steps: Sequence[int] = (3000, 1000, 3000),
        seed: int = 0,
        **preparation: Unpack[Preparation],
    ) -> None:
        super().__init__(**preparation)
        if servers < 1:
            raise ConfigError(f"{servers} is no number of servers", where="data.servers")
        if len(steps) != 3 or min(steps) < 400:
            raise ConfigError(
                f"{list(steps)} are no steps of train, val and test",
                where="data.steps",
                cure="give three numbers, each 400 or more",
            )
        if seed < 0:
            raise ConfigError(f"{seed} is below zero", where="data.seed", cure="say data.seed=0")
        self._names = tuple(f"server-{number}" for number in range(1, servers + 1))
        self._steps = tuple(steps)
        self._seed = seed

    def _read(self, chosen: Sequence[str] | None) -> list[Entity]:
        return [self._entity(name) for name in choose(self._names, chosen)]

    def _describe(self) -> DataSpec:
        return bare_spec(
            "telemetry (synthetic)",
            tuple(UNITS),
            source=f"generated telemetry, seed {self._seed}: no instrument saw it",
            units=tuple(UNITS.values()),
            sample_hz=1 / _STEP_S,
            synthetic=True,
        )

    def _entity(self, name: str) -> Entity:
        random = np.random.default_rng((self._seed, self._names.index(name)))
        values = simulate(sum(self._steps), random)
        first, second = np.cumsum(self._steps[:2])
        return Entity(
            name,
            series(values[:first]),
            _with_faults(values[second:], random),
            _with_faults(values[first:second], random),
        )


def simulate(steps: int, random: Any) -> Any:
    """(steps, 8) float64 of one server without faults, in the order of `UNITS`."""
    total = steps + _WARM_UP
    habit = random.uniform(0.8, 1.2, 6)
    load = _load(total, habit, random)
    requests = 40 * habit[0] * load * (1 + 0.08 * random.standard_normal(total))
    cpu = np.clip(0.06 + 0.9 * _lagged(load, 2) + 0.02 * random.standard_normal(total), 0, 1)
    ambient = 22 + 3 * np.sin(2 * np.pi * np.arange(total) / 2000 + habit[1])
    power = 18 * habit[2] + 62 * habit[3] * cpu**1.3
    chip = ambient + 0.5 * _lagged(power, 12)
    board = ambient + 4 + 0.18 * habit[4] * _lagged(power, 60)
    fan = 20 + 30 / (1 + np.exp(-(_lagged(chip, 4) - 41 * habit[5]) / 3))
    power = power + 0.002 * fan**2
    supply = 12.1 - 0.003 * power + 0.01 * random.standard_normal(total)
    noise = random.standard_normal((4, total))
    columns = (
        requests,
        cpu,
        power + 1.2 * noise[0],
        power / supply + 0.05 * noise[1],
        supply,
        chip + 0.3 * noise[2],
        board + 0.1 * noise[3],
        fan + 0.4 * random.standard_normal(total),
    )
    return np.stack(columns, axis=1)[_WARM_UP:]


def _load(total: int, habit: Any, random: Any) -> Any:
    """(total,) in 0 to 1: a cycle of 288 steps, jobs that come and go, and slow noise."""
    time = np.arange(total)
    cycle = 0.25 + 0.15 * np.sin(2 * np.pi * time / 288 + 6 * habit[0])
    jobs = np.zeros(total)
    start = 0
    while start < total:
        length = int(random.integers(15, 80))
        jobs[start : start + length] = random.choice([0.0, 0.2, 0.45], p=[0.5, 0.3, 0.2])
        start += length
    batch = 0.12 * ((time % int(36 * habit[1])) < 9)
    return np.clip(cycle + jobs + batch + _lagged(random.normal(0, 0.15, total), 10), 0.02, 1)


def _lagged(values: Any, delay: float) -> Any:
    """First-order lag of `delay` steps, begun at its first input."""
    from scipy.signal import lfilter

    share = 1 / (1 + delay)
    return lfilter([share], [1, share - 1], values, zi=[(1 - share) * values[0]])[0]


def _with_faults(values: Any, random: Any) -> Series:
    changed = values.copy()
    anomalies: list[Anomaly] = []
    start = int(random.integers(100, 200))
    while start + telemetry_faults.LONGEST < len(changed):
        anomaly = telemetry_faults.inflict(changed, start, random)
        anomalies.append(anomaly)
        start = anomaly.stop + int(random.integers(200, 350))
    return series(changed, marks_of(anomalies, len(changed)), anomalies)
