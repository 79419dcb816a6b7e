"""The zones of Linux powercap: which there are, what they contain, and which are counted twice.

Tree (Documentation/power/powercap/powercap.rst): `intel-rapl:<package>[:<part>]/` with `name`,
`energy_uj`, `max_energy_range_uj`, `constraint_<n>_{max_power,power_limit}_uw`. AMD uses the same,
with packages and cores only. `intel-rapl-mmio` is a second door to the same packages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from joulelab.errors import MeterDenied, MeterUnavailable
from joulelab.records import Channel, Scope

ROOT = "/sys/class/powercap"
MIRROR_TOLERANCE_UJ = 1_000_000
POWER_MAX_W = 2000.0
RESOLUTION_J = 61e-6
UPDATE_PERIOD_S = 0.001

CURE = (
    "run `sudo groupadd -f rapl && sudo usermod -aG rapl $USER && echo "
    """'ACTION=="add", SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", """
    """RUN+="/bin/chgrp rapl /sys%p/energy_uj", RUN+="/bin/chmod g+r /sys%p/energy_uj"' """
    "| sudo tee /etc/udev/rules.d/70-rapl.rules && sudo udevadm control --reload && "
    "sudo udevadm trigger -c add -s powercap` and log in again; until the next boot only: "
    "`sudo chmod a+r /sys/class/powercap/intel-rapl*:*/energy_uj`"
)
"""One group may read, not everybody: fine-grained readings leak what others compute (CVE-2020-8694)."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A counter to read. `range_uj` is None where the tree does not say when it wraps."""

    name: str
    path: Path
    scope: Scope
    inside: str | None
    range_uj: int | None
    power_max_w: float

    def channel(self, accuracy_relative: float) -> Channel:
        return Channel(
            name=self.name,
            kind="counter",
            unit="J",
            scope=self.scope,
            provenance="measured",
            resolution=RESOLUTION_J,
            update_period_s=UPDATE_PERIOD_S,
            accuracy_relative=accuracy_relative,
            inside=self.inside,
            wrap_j=None if self.range_uj is None else self.range_uj / 1e6,
            power_max_w=self.power_max_w,
        )


def discover(root: str | Path = ROOT, left_out: list[str] | None = None) -> list[Zone]:
    """All zones that count something of their own, packages before their parts.

    Parts are named after their package: `core-0`, `dram-0`. Left out, and told in `left_out`: a
    second zone of the same name (`intel-rapl-mmio` where `intel-rapl` has the package too), a die
    that mirrors another die's counter (EPYC, Threadripper), a psys that no wire reaches (it reads
    0). MeterUnavailable where there is no zone, MeterDenied where a counter may not be read.
    """
    folders: dict[str, Path] = {}
    for pattern in _PATTERNS:
        for path in sorted(Path(root).glob(pattern)):
            folders.setdefault(path.name, path)
    zones: dict[str, Zone] = {}
    reasons: list[str] = [] if left_out is None else left_out
    for name in sorted(folders, key=_rank):
        zone = _zone(folders[name], folders.get(name.rpartition(":")[0]), zones)
        if zone is None:
            continue
        reason = f"a second {zone.name}" if zone.name in zones else _uncounted(zone, zones)
        if reason:
            reasons.append(reason)
        else:
            zones[zone.name] = zone
    if not zones:
        raise MeterUnavailable(
            "no RAPL energy counter",
            where=str(root),
            cure="load it with `modprobe intel_rapl_msr`; virtual machines and containers hide it",
        )
    return list(zones.values())


_PATTERNS = tuple(
    f"{above}{kind}:*{part}"
    for kind in ("intel-rapl", "intel-rapl-mmio")
    for above in ("", f"{kind}/")
    for part in ("", f"/{kind}:*")
)


def _rank(folder: str) -> tuple[bool, int, list[int]]:
    """The MSR interface first, packages before their parts, in the order of their numbers."""
    kind, *numbers = folder.split(":")
    return kind != "intel-rapl", len(numbers), [int(n) if n.isdecimal() else 0 for n in numbers]


def _zone(path: Path, package: Path | None, known: dict[str, Zone]) -> Zone | None:
    name = _text(path / "name")
    if not name or not (path / "energy_uj").exists():
        return None
    inside: str | None = None
    if package is not None:
        package_name = _text(package / "name")
        if package_name not in known:
            return None
        name = f"{name}{package_name.removeprefix('package')}"
        inside = None if name.startswith("dram") else package_name
    scope: Scope = "dram" if name.startswith("dram") else "cpu"
    if name.startswith("psys"):
        # The Intel SDM (MSR_PLATFORM_ENERGY_COUNTER) means all devices that draw from the
        # platform's own power delivery, add-on devices included: that is the node.
        scope = "node"
    # A part draws no more than the package around it.
    around_w = POWER_MAX_W if inside is None else known[inside].power_max_w
    range_uj = _number(path / "max_energy_range_uj")
    return Zone(name, path, scope, inside, range_uj, _power_max_w(path) or around_w)


def _uncounted(zone: Zone, known: dict[str, Zone]) -> str:
    """Why the zone is not to be counted; empty where it is."""
    energy_uj = _readable_uj(zone)
    if zone.scope == "node":
        return "psys has no wire" if energy_uj == 0 else ""
    socket, die, _ = zone.name.partition("-die-")
    if not die or not energy_uj:
        return ""
    for other in known.values():
        if other.name.startswith(f"{socket}-die-"):
            # Between two readings of the other: a pause in between must not hide a mirror.
            first_uj, own_uj, last_uj = map(_readable_uj, (other, zone, other))
            if first_uj is None or own_uj is None or last_uj is None:
                continue
            if first_uj - MIRROR_TOLERANCE_UJ < own_uj < last_uj + MIRROR_TOLERANCE_UJ:
                return f"{zone.name} mirrors {other.name}"
    return ""


def _readable_uj(zone: Zone) -> int | None:
    path = zone.path / "energy_uj"
    try:
        return int(path.read_text())
    except PermissionError as error:
        raise MeterDenied("this user may not read RAPL", where=str(path), cure=CURE) from error
    except (OSError, ValueError):
        return None


def _power_max_w(path: Path) -> float:
    """The largest declared, 0 for none: a chip may hold its short-term limit for minutes."""
    declared = [
        _number(path / f"constraint_{i}_{kind}_uw") or 0
        for i in range(3)
        for kind in ("max_power", "power_limit")
    ]
    return max(declared) / 1e6


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    try:
        return int(_text(path)) or None
    except ValueError:
        return None
