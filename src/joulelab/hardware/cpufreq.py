"""The kernel's CPU frequency policies: one a group of cores that share a clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from joulelab.errors import HardwareError
from joulelab.hardware.guardian import read_text
from joulelab.hardware.machine import Machine

CPU = Path("devices/system/cpu")


def policies(machine: Machine, where: str) -> list[Path]:
    """Those with a core online; HardwareError where there is none."""
    folder = machine.sysfs / CPU
    found = [path for path in folder.glob("cpufreq/policy*") if cores(path) > 0]
    if not found:  # before Linux 4.3
        linked = {path.resolve() for path in folder.glob("cpu[0-9]*/cpufreq")}
        found = [path for path in linked if cores(path) > 0]
    if not found:
        raise HardwareError(
            f"this machine does not let its CPU frequency be chosen (no {folder}/cpufreq/policy*)",
            where=where,
            cure=f"virtual machines have none: say {where}=null or hardware.strict=false",
        )
    return sorted(found, key=lambda path: (len(path.name), path.name))


def cores(policy: Path) -> int:
    try:
        return len(read_text(str(policy / "affected_cpus")).split())
    except OSError:  # a policy whose cores are all offline answers EBUSY
        return 0


def number(path: Path) -> int | None:
    """What the file says; None where there is no such file or no number in it."""
    try:
        return int(read_text(str(path)))
    except (OSError, ValueError):
        return None


def required_number(path: Path, where: str) -> int:
    found = number(path)
    if found is None:
        raise HardwareError(f"{path} does not say a number", where=where)
    return found


def words(path: Path) -> list[str]:
    try:
        return read_text(str(path)).split()
    except OSError:
        return []


def spoken(parts: Iterable[tuple[str, int]], thing: str) -> str:
    """`[("3.2 GHz", 4), ("3.2 GHz", 4)]` is `3.2 GHz on 8 cores`."""
    together: Counter[str] = Counter()
    for text, count in parts:
        together[text] += count
    return ", ".join(
        f"{text} on {count} {thing}{'' if count == 1 else 's'}" for text, count in together.items()
    )


def gigahertz(hertz: float) -> str:
    return f"{hertz / 1e9:.4g} GHz"
