"""`joulelab doctor`: what can be measured on this machine, what not, and the cure."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from joulelab import machine
from joulelab.meters.auto import survey


def doctor(console: Console | None = None) -> None:
    console = console or Console(highlight=False)
    about = machine.describe()
    gib = machine.memory_bytes() / 2**30
    console.print(f"{about['processor']}, {about['cores']} cores, {gib:.0f} GiB", style="bold")
    table = Table(show_lines=False)
    for name in ("meter", "state", "what it sees, or why not", "cure"):
        table.add_column(name, overflow="fold")
    statuses = survey()
    for status in statuses:
        state = "[green]ready[/]" if status.ready else "[yellow]no[/]"
        table.add_row(status.name, state, status.why, status.cure or "–")
    console.print(table)
    measured = [status.name for status in statuses if status.ready and status.measured]
    if measured:
        console.print(f"meter=auto measures with {', '.join(measured)}", markup=False)
    else:
        console.print(
            "no instrument answers here: meter=auto estimates from CPU time, and every figure "
            "says so",
            style="yellow",
        )
