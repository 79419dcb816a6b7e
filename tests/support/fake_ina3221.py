"""A Jetson's power monitors in sysfs, both drivers' ways, showing known powers that move."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

WRITE_PERIOD_S = 0.002
VOLTAGE_MV = 5000
NANO = {"POM_5V_IN": 5.0, "POM_5V_GPU": 1.0, "POM_5V_CPU": 2.0}
AGX_ORIN = {
    "VDD_GPU_SOC": 6.0,
    "VDD_CPU_CV": 3.0,
    "VIN_SYS_5V0": 4.0,
    "NC": 0.5,
    "VDDQ_VDD2_1V8AO": 1.0,
}
"""In the order of the monitors' inputs, three a monitor."""

Watts = float | Callable[[float], float]


class FakeIna3221:
    """The tree below `root`; `with` or `start` lets it move until `stop`.

    `rails`: watts, or a function of the seconds since `start_ns`. `hidden` says when every number
    reads empty. `hwmon` is JetPack 5 and later, `iio` JetPack 4.
    """

    def __init__(
        self,
        root: Path,
        rails: Mapping[str, Watts],
        variant: Literal["hwmon", "iio"] = "hwmon",
        hidden: Callable[[float], bool] = lambda seconds: False,
    ) -> None:
        self.root = Path(root)
        self.start_ns = time.monotonic_ns()
        self._hidden = hidden
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        build = _hwmon if variant == "hwmon" else _iio
        self._shown: list[tuple[Path, float, Watts]] = [
            (*build(self.root, number // 3, number % 3, name), watts)
            for number, (name, watts) in enumerate(rails.items())
        ]
        self._show()

    def start(self, start_ns: int | None = None) -> FakeIna3221:
        self.start_ns = time.monotonic_ns() if start_ns is None else start_ns
        self._show()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> FakeIna3221:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._ended.wait(WRITE_PERIOD_S):
            self._show()

    def _show(self) -> None:
        seconds = (time.monotonic_ns() - self.start_ns) / 1e9
        hidden = self._hidden(seconds)
        for path, per_watt, watts in self._shown:
            value = watts(seconds) if callable(watts) else watts
            descriptor = os.open(path, os.O_WRONLY)
            if hidden:
                os.ftruncate(descriptor, 0)
            else:
                os.pwrite(descriptor, f"{round(value * per_watt):<7d}\n".encode(), 0)
            os.close(descriptor)


def _hwmon(root: Path, monitor: int, channel: int, name: str) -> tuple[Path, float]:
    """The file that moves, and what it shows for a watt: mA."""
    folder = root / f"bus/i2c/drivers/ina3221/1-004{monitor}/hwmon/hwmon{monitor + 2}"
    folder.mkdir(parents=True, exist_ok=True)
    number = channel + 1
    for file, text in {
        "name": "ina3221",
        "update_interval": "1",
        f"in{number}_label": name,
        f"in{number}_enable": "1",
        f"in{number}_input": str(VOLTAGE_MV),
        f"curr{number}_input": "0",
        f"in{number + 3}_input": "4200",
        "in7_label": "sum of shunt voltages",
        "in7_input": "12600",
        "curr4_input": "9999",
    }.items():
        (folder / file).write_text(f"{text}\n")
    return folder / f"curr{number}_input", 1e6 / VOLTAGE_MV


def _iio(root: Path, monitor: int, channel: int, name: str) -> tuple[Path, float]:
    """The file that moves, and what it shows for a watt: mW."""
    folder = root / f"bus/i2c/drivers/ina3221x/6-004{monitor}/iio:device{monitor}"
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in {
        f"rail_name_{channel}": name,
        f"in_power{channel}_input": "0",
        f"in_voltage{channel}_input": str(VOLTAGE_MV),
        f"in_current{channel}_input": "1",
    }.items():
        (folder / file).write_text(f"{text}\n")
    return folder / f"in_power{channel}_input", 1e3
