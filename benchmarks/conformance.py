"""Is the energy of every instrument right when the world misbehaves? One table.

    python -m benchmarks.conformance [--seconds 60] [--only rapl,shelly] [--out docs/conformance.md]
                                     [--peers] [--json rows.json]

Every world of tests/support/worlds x every fault: a real recorder in a process of its own, a phase of
some seconds, its energy against the truth. `--peers` gives the same powercap tree to other libraries,
each installed into a virtual environment in a temporary folder (or --peer-folder, kept).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

import peers
from support import conformance
from support.conformance import NOT_APPLICABLE, NOT_RUN, OFF, OK, Row
from support.judging import TARGET
from support.worlds.base import FAULTS

HEAD = """# Conformance

Every instrument plays a load that is known (60 W, slowly swinging by 15 W) while one thing goes
wrong; a real recorder reads it in a process of its own, and a phase of {seconds:g} s is integrated from
its trace. Made by `python -m benchmarks.conformance --out docs/conformance.md{peers}`.

- **fault**: {faults}.
- **energy error**: against the true energy of the seconds whose energy the meter says it knows. Limit:
  0.1 %, or, where that is more, three times the standard uncertainty that the run itself states for the
  sampling, rounding, edges and clock of this short phase (column **limit**; whole watts of a BMC, or the
  3.6 J steps of a plug's counter, say).
- **seen / visible**: the share of the phase that the meter saw, and the share in which it could be
  seen. A gap reaches from the last answer to the next one, so it is up to two sampling periods longer;
  a remote meter that is late is asked again every 2 s. *bridged*: a counter's own difference across the
  gap is in the energy.
- **message**: what the run's record says of it.

{count}
"""


INTRO = """{seconds:g} s of the same load on the package and {dram_w:g} W of memory, mounted over
/sys/class/powercap; default settings, 1 s sampling where it can be set. The hole lies at 40 to 60 % of
the time, the permission is lost at 40 %, package and memory wrap at 40 and 50 %. The figures are what
each library gives for the package, the memory, or their sum. None of them tells coverage. zeus had 5 s
before the window to start its wrap watchers: a wrap within that time it never counts.
"""


def main() -> None:
    arguments = _arguments()
    only = arguments.only.split(",") if arguments.only else ()
    found = conformance.run_all(
        conformance.cases(only), arguments.seconds, arguments.at_once, _print
    )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([asdict(row) for row in found]))
    beside = _peers(arguments) if arguments.peers else None
    if arguments.out is not None:
        arguments.out.write_text(page(found, beside, arguments.seconds), encoding="utf-8")
    bad = [row for row in found if row.verdict == OFF]
    print(_count(found))
    sys.exit(bool(bad))


def page(rows: Sequence[Row], beside: str | None, seconds: float) -> str:
    head = HEAD.format(
        seconds=seconds,
        peers="" if beside is None else " --peers",
        faults="; ".join(f"*{name}*, {what}" for name, what in FAULTS.items()),
        count=f"{_count(rows)}. {_within(rows)}",
    )
    table = [
        "| meter | fault | energy error | limit | seen / visible | message |",
        "|---|---|---|---|---|---|",
    ]
    table += [_line(row) for row in rows if row.verdict in (OK, OFF)]
    parts = [head, "\n".join(table)]
    for verdict, title in ((NOT_RUN, "Not run here"), (NOT_APPLICABLE, "Cannot happen")):
        listed = [row for row in rows if row.verdict == verdict]
        if listed:
            lines = [f"| {row.meter} | {row.fault} | {_cell(row.why)} |" for row in listed]
            parts.append(
                "\n".join([f"\n## {title}\n", "| meter | fault | why |", "|---|---|---|", *lines])
            )
    if beside is not None:
        parts.append(f"\n{beside}")
    return "\n".join(parts) + "\n"


def _line(row: Row) -> str:
    error = "–" if row.error is None else f"{row.error:+.3%}"
    if row.verdict == OFF:
        error = f"**{error} OFF**"
    limit = "–" if row.limit is None or row.error is None else f"{row.limit:.2%}"
    shares = [("–" if share is None else f"{share:.2f}") for share in (row.seen, row.visible)]
    bridged = " *bridged*" if row.bridged else ""
    said = row.message if row.verdict == OK else f"{row.why} {row.message}"
    return (
        f"| {row.meter} | {row.fault} | {error} | {limit} | {' / '.join(shares)}{bridged} "
        f"| {_cell(said)} |"
    )


def _peers(arguments: argparse.Namespace) -> str:
    """The table of other libraries over the same tree."""
    title = "## Other libraries over the same powercap tree\n"
    if not peers.namespace_allowed():
        return f"{title}\nNot run: they cannot be given another tree where `unshare -m` is refused."
    lines = []
    with tempfile.TemporaryDirectory(prefix="peers-") as name, ThreadPoolExecutor(2) as pool:
        base = arguments.peer_folder or Path(name)
        versions = {peer.name: peers.install(peer, base / peer.name) for peer in peers.PEERS}
        asked = [
            (
                peer,
                pool.submit(
                    peers.measure,
                    peer,
                    fault,
                    base / peer.name / "bin/python",
                    arguments.peer_seconds,
                    Path(name) / "runs" / peer.name / fault.replace(" ", "-"),
                ),
            )
            for peer in peers.PEERS
            if versions[peer.name]
            for fault in peers.FAULTS
        ]
        for peer, future in asked:
            row = future.result()
            told = ", ".join(f"{what} {error:+.2%}" for what, error in row.errors.items()) or "none"
            line = f"| {peer.name} {versions[peer.name]} | {row.fault} | {told} | {_cell(row.message)} |"
            print(line, flush=True)
            lines.append(line)
    lines += [
        f"| {name} | – | does not install | |" for name, found in versions.items() if not found
    ]
    intro = INTRO.format(seconds=arguments.peer_seconds, dram_w=peers.DRAM_W)
    head = ["| library | fault | energy error | how it ended |", "|---|---|---|---|"]
    return "\n".join([title, intro, *head, *lines])


def _count(rows: Sequence[Row]) -> str:
    counts = {v: sum(row.verdict == v for row in rows) for v in (OK, OFF, NOT_RUN, NOT_APPLICABLE)}
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())


def _within(rows: Sequence[Row]) -> str:
    errors = [abs(row.error) for row in rows if row.error is not None]
    inside = sum(error <= TARGET for error in errors)
    return f"{inside} of {len(errors)} figures lie within {TARGET:.1%}."


def _print(row: Row) -> None:
    error = "" if row.error is None else f"{row.error:+.3%}"
    print(f"{row.meter:20}{row.fault:17}{row.verdict:5}{error:>10}  {row.why[:150]}", flush=True)


def _cell(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= 160 else f"{text[:157]}..."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--at-once", type=int, default=14)
    parser.add_argument("--only", default="", help="meters, or meter:fault, with commas")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peer-seconds", type=float, default=12.0)
    parser.add_argument("--peer-folder", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
