"""`joulelab doctor`: what can be measured and set on this machine, what not, and the cure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, open_dict
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from joulelab import build, machine
from joulelab.config import conf_folder
from joulelab.errors import ConfigError
from joulelab.hardware import survey
from joulelab.meters.examination import MeterStatus, examine_all
from joulelab.protocols import Meter

CHOICES = ("auto", "none")
"""Options of the group meter that are no instrument."""


def options() -> list[str]:
    """The instruments of conf/meter."""
    names = sorted(path.stem for path in (conf_folder() / "meter").glob("*.yaml"))
    return [name for name in names if name not in CHOICES]


def doctor(meters: DictConfig, hardware: Mapping[str, Any], console: Console | None = None) -> None:
    """`meters`: the composed node of every option, by name; `hardware`: that group's settings."""
    console = console or Console(highlight=False)
    about = machine.describe()
    gib = machine.memory_bytes() / 2**30
    console.print(f"{about['processor']}, {about['cores']} cores, {gib:.0f} GiB", style="bold")
    statuses = examine_all(makers(meters))
    console.print(_table(statuses))
    measured = [status.name for status in statuses if status.ready and status.measured]
    if measured:
        console.print(f"measured on this machine: {', '.join(measured)}", markup=False)
    else:
        console.print(
            "no instrument answers here: meter=auto estimates from CPU time, and every figure "
            "says so",
            style="yellow",
        )
    console.print(_knobs(hardware))


def makers(meters: DictConfig) -> dict[str, Callable[[], Meter]]:
    """How to build each option; one that makes several meters stands for its first."""
    return {str(name): functools.partial(_make, str(name), node) for name, node in meters.items()}


def _make(name: str, node: DictConfig) -> Meter:
    given = node.copy()
    with open_dict(given):
        given.pop("required", None)
    try:
        built: Any = build.build(given, f"meter.{name}")
    except ConfigError as error:
        if error.what != build.MISSING:
            raise
        raise ConfigError(
            "not asked: a value is missing", cure=f"joulelab doctor {error.where}=..."
        ) from error
    if isinstance(built, Mapping):
        first: Meter = next(iter(built.values()))
        return first
    meter: Meter = built
    return meter


def _table(statuses: Sequence[MeterStatus]) -> Table:
    table = _columns("meter", "what it sees, or why not")
    for status in sorted(statuses, key=lambda each: not each.ready):
        table.add_row(status.name, _state(status.ready), escape(status.why), _or_dash(status.cure))
    return table


def _knobs(settings: Mapping[str, Any]) -> Table:
    table = _columns("setting", "what is there, or why it cannot be turned")
    missing: dict[tuple[str, str], list[str]] = {}
    for key, ready, what, cure in survey(settings):
        if ready:
            table.add_row(key, _state(True), escape(what), _or_dash(cure))
        else:
            missing.setdefault((what, cure or ""), []).append(key)
    for (what, cure), keys in missing.items():
        table.add_row("\n".join(keys), _state(False), escape(what), _or_dash(cure))
    return table


def _columns(first: str, middle: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column(middle, overflow="fold")
    table.add_column("cure", overflow="fold")
    return table


def _state(ready: bool) -> str:
    return "[green]ready[/]" if ready else "[yellow]no[/]"


def _or_dash(cure: str | None) -> str:
    return escape(cure) if cure else "–"
