"""Recordings of a known power, as other people's tools write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from support.fake_tegrastats import NANO

from joulelab.meters.energy.integration import channel_energy

START_S = 1_700_000_000
"""2023-11-14T22:13:20Z"""


def utc(at_s: float, form: str = "%Y-%m-%dT%H:%M:%S") -> str:
    return datetime.fromtimestamp(START_S + at_s, UTC).strftime(form)


def date_line(at_s: float = 0.0, zone: str = "UTC") -> str:
    return utc(at_s, f"%a %b %d %H:%M:%S {zone} %Y")


def board_line(power_w: float) -> str:
    return NANO.format(round(power_w * 1e3))


def tegrastats(path, powers_w, first=None):
    """One line a power, below the line `first`."""
    lines = ([] if first is None else [first]) + [board_line(power_w) for power_w in powers_w]
    path.write_text("\n".join(lines) + "\n")
    return path


def readings(times_s, power_w=6.0, voltage=230.0):
    return [
        {"current": 0.05, "power": power_w, "timestamp": START_S + at_s, "voltage": voltage}
        for at_s in times_s
    ]


def shelly_json(path, entries):
    path.write_text(json.dumps(entries, indent=2))
    return path


def shelly_csv(path, entries, scale=1e3):
    rows = [f"{e['current']},{e['power'] * scale},{e['timestamp']},{e['voltage']}" for e in entries]
    path.write_text("\n".join(["current,power,timestamp,voltage", *rows]) + "\n")
    return path


def emissions(path, rows):
    """`rows`: end in s, duration in s, J in all, run."""
    header = (
        "timestamp,project_name,run_id,duration,cpu_energy,gpu_energy,ram_energy,energy_consumed"
    )
    lines = [
        f"{utc(stop_s)},p,{run},{duration_s},{joules * 0.9 / 3.6e6},0,{joules * 0.1 / 3.6e6},"
        f"{joules / 3.6e6}"
        for stop_s, duration_s, joules, run in rows
    ]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def flux_row(at_s, value, field, measurement, *tags):
    first, last = utc(0) + "Z", utc(9999) + "Z"
    return ",".join(
        ["", "", "0", first, last, utc(at_s) + "Z", str(value), field, measurement, *tags]
    )


def study(folder, stamps_s, plug_every_s=30, power_w=50.0):
    """times.txt and the raw rows of plug and CPU, as the performance-tracking study kept them."""
    (folder / "times.txt").write_text("".join(f"{utc(at_s)}.000000000Z\n" for at_s in stamps_s))
    last_s = stamps_s[-1]
    rows = [
        flux_row(at_s, 25, "usage_user", "cpu", "cpu-total", "host")
        for at_s in range(0, last_s, 10)
    ]
    rows.append("#####")
    rows += [
        flux_row(
            at_s,
            power_w,
            "value",
            "mqtt_consumer",
            "host",
            "zwave/Smart_switch_PC/50/0/value/66049",
        )
        for at_s in range(0, last_s + plug_every_s, plug_every_s)
    ]
    (folder / "results.txt").write_text("\n".join([*rows, "#####", ""]))
    return folder


def whole(read, channel):
    """What the channel saw from its first sample to its last."""
    times_ns = read.times_ns[channel]
    return channel_energy(read, channel, [(int(times_ns[0]), int(times_ns[-1]))])
