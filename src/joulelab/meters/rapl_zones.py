"""The zones of Linux powercap: which there are, what they contain, and which are counted twice.

Tree (Documentation/power/powercap/powercap.rst): `intel-rapl:<package>[:<part>]/` with `name`,
`energy_uj`, `max_energy_range_uj`, `constraint_<n>_{max_power,power_limit}_uw`. AMD uses the same.
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
    "as root run `chmod -R a+r /sys/class/powercap/intel-rapl*/` (until the next boot), or for "
    'good add the udev rule ACTION=="add", SUBSYSTEM=="powercap", KERNEL=="intel-rapl:*", '
    'RUN+="/bin/chmod a+r /sys/%p/energy_uj" to /etc/udev/rules.d/70-rapl.rules'
)


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


def discover(root: str | Path = ROOT) -> list[Zone]:
    """All zones that count something of their own, packages before their parts.

    Parts are named after their package: `core-0`, `dram-0`. Left out: a second zone of the same
    name, a die that mirrors another die's counter (EPYC, Threadripper), a psys that no wire
    reaches (it reads 0). `intel-rapl-mmio` repeats the packages and is not looked at.
    MeterUnavailable where there is no zone, MeterDenied where a counter may not be read.
    """
    found = [path for pattern in _PATTERNS for path in Path(root).glob(pattern)]
    folders = {path.name: path for path in reversed(found)}
    zones: dict[str, Zone] = {}
    for name in sorted(folders, key=lambda name: (name.count(":"), name)):
        zone = _zone(folders[name], folders.get(name.rpartition(":")[0]), zones)
        if zone is not None and zone.name not in zones and not _uncounted(zone, zones):
            zones[zone.name] = zone
    if not zones:
        raise MeterUnavailable(
            "no RAPL energy counter",
            where=str(root),
            cure="load it with `modprobe intel_rapl_msr`; virtual machines and containers hide it",
        )
    return list(zones.values())


_PATTERNS = tuple(
    f"{above}intel-rapl:*{part}" for above in ("", "intel-rapl/") for part in ("", "/intel-rapl:*")
)


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
    return Zone(
        name, path, scope, inside, _number(path / "max_energy_range_uj"), _power_max_w(path)
    )


def _uncounted(zone: Zone, known: dict[str, Zone]) -> bool:
    energy_uj = _readable_uj(zone)
    if zone.scope == "node":
        return energy_uj == 0
    socket, die, _ = zone.name.partition("-die-")
    if not die or not energy_uj:
        return False
    siblings = (other for other in known.values() if other.name.startswith(f"{socket}-die-"))
    return any(
        abs((_readable_uj(other) or 0) - energy_uj) < MIRROR_TOLERANCE_UJ for other in siblings
    )


def _readable_uj(zone: Zone) -> int | None:
    path = zone.path / "energy_uj"
    try:
        return int(path.read_text())
    except PermissionError as error:
        raise MeterDenied("this user may not read RAPL", where=str(path), cure=CURE) from error
    except (OSError, ValueError):
        return None


def _power_max_w(path: Path) -> float:
    """The largest declared: a chip may hold its short-term limit for minutes."""
    declared = [
        _number(path / f"constraint_{i}_{kind}_uw") or 0
        for i in range(3)
        for kind in ("max_power", "power_limit")
    ]
    return max(declared) / 1e6 or POWER_MAX_W


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
