"""Every world x every fault: a real recorder in a process of its own, its trace judged by the truth.

Each case is a process group: the instrument plays in one process, the recorder reads it in another, so
that killing the recorder kills nothing else and neither waits for the other's interpreter.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from support import judging
from support.recorder_child import RecorderChild
from support.worlds import base

WORLDS = Path(__file__).parent / "worlds"
LEAD_S = 1.0
"""From the recorder's start to the phase that is judged, and from its end to the stop."""
OVERTIME_S = 60.0

OK, OFF, NOT_APPLICABLE, NOT_RUN = "ok", "OFF", "not applicable", "not run"


@dataclass
class Row:
    """`error` and `limit` are shares of the true energy, `seen` and `visible` of the phase's time."""

    meter: str
    fault: str
    verdict: str
    why: str = ""
    message: str = ""
    error: float | None = None
    limit: float | None = None
    seen: float | None = None
    visible: float | None = None
    seconds: float | None = None
    bridged: bool = False


@dataclass(frozen=True)
class Case:
    """`world` is a class, or why there is none."""

    meter: str
    fault: str
    world: type[base.World] | str


def cases(only: Iterable[str] = ()) -> list[Case]:
    """All of them, by meter, then fault; a module that cannot be imported is one case that fails.
    `only`: meters, or `meter:fault`."""
    wanted, found = set(only), []
    for path in sorted(WORLDS.glob("*.py")):
        if path.stem in ("base", "__init__"):
            continue
        name = f"support.worlds.{path.stem}"
        try:
            module = importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 one broken module must not hide the others
            found.append(Case(path.stem, "import", f"{type(error).__name__}: {error}"))
            continue
        members = [each for each in vars(module).values() if isinstance(each, type)]
        worlds = [w for w in members if issubclass(w, base.World) and w.__module__ == name]
        worlds = [world for world in worlds if getattr(world, "name", None)]
        if not worlds:
            found.append(Case(path.stem, "import", "the module defines no world"))
        found += [Case(world.name, fault, world) for world in worlds for fault in base.FAULTS]
    return [
        case for case in found if not wanted or {case.meter, f"{case.meter}:{case.fault}"} & wanted
    ]


def run_all(
    chosen: list[Case], seconds: float, at_once: int, told: Callable[[Row], None] = lambda row: None
) -> list[Row]:
    """The rows in the order of the cases. Call it from a process without other threads: it forks."""
    rows: dict[Case, Row] = {}
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        for case in chosen:
            reason = _passed_over(case)
            if reason is not None:
                rows[case] = reason
        waiting = [case for case in chosen if case not in rows]
        running: dict[int, tuple[Case, Path, float]] = {}
        while waiting or running:
            while waiting and len(running) < at_once:
                case = waiting.pop(0)
                folder = Path(name) / f"{case.meter}-{case.fault}".replace(" ", "-")
                folder.mkdir()
                deadline_s = time.monotonic() + seconds + OVERTIME_S
                running[_fork(case, seconds, folder)] = (case, folder, deadline_s)
            for case, row in _ended(running):
                rows[case] = row
                told(row)
            time.sleep(0.02)
    return [rows[case] for case in chosen]


def _passed_over(case: Case) -> Row | None:
    if isinstance(case.world, str):
        return Row(case.meter, case.fault, OFF, case.world)
    reason = case.world.not_applicable.get(case.fault)
    if reason is not None:
        return Row(case.meter, case.fault, NOT_APPLICABLE, reason)
    for program in getattr(case.world, "needs", ()):
        if shutil.which(program) is None:
            return Row(case.meter, case.fault, NOT_RUN, f"there is no program {program} here")
    return None


def _fork(case: Case, seconds: float, folder: Path) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        # What instruments print to the screen is no part of the table.
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(silence, descriptor)
        row = run_case(case, seconds, folder)
        (folder / "row.json").write_text(json.dumps(asdict(row)))
        os._exit(0)
    finally:
        os._exit(1)


def _ended(running: dict[int, tuple[Case, Path, float]]) -> Iterator[tuple[Case, Row]]:
    for pid, (case, folder, deadline_s) in list(running.items()):
        late = time.monotonic() > deadline_s
        if late:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        done, status = os.waitpid(pid, 0 if late else os.WNOHANG)
        if not done:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        del running[pid]
        path = folder / "row.json"
        if path.exists():
            yield case, Row(**json.loads(path.read_text()))
        else:
            why = "did not end in time" if late else f"the case's process died ({status})"
            yield case, Row(case.meter, case.fault, OFF, why)
        shutil.rmtree(folder, ignore_errors=True)


def run_case(case: Case, seconds: float, folder: Path) -> Row:
    """One world with one fault. Never raises."""
    row = Row(case.meter, case.fault, OFF)
    # Forked before the world is made: none of its threads, locks and sockets is in it.
    child = RecorderChild(folder / "run")
    world = None
    try:
        world_folder = folder / "world"
        world_folder.mkdir()
        assert not isinstance(case.world, str)
        world = case.world(world_folder)
        if case.fault == "late start":
            world.start(case.fault, for_s=LEAD_S + 0.25 * seconds)
        else:
            world.start(case.fault, from_s=LEAD_S + 0.4 * seconds, for_s=0.25 * seconds)
        child.go(case.meter, world.meter(), world.period_s, (LEAD_S, seconds, LEAD_S))
        if case.fault == "killed":
            child.kill_in_phase(0.8 * seconds)
        failures = child.ended()
        judging.judge(row, world, folder / "run", failures)
    except Exception as error:  # noqa: BLE001 what it was is the row's
        row.verdict = OFF
        row.why = f"{type(error).__name__}: {error}"
        if not isinstance(error, judging.Refused):
            row.why += f" ({traceback.extract_tb(error.__traceback__)[-1]})"
    finally:
        child.close()
        if world is not None:
            with contextlib.suppress(Exception):
                world.stop()
    row.message = judging.without_places(row.message, folder)
    row.why = judging.without_places(row.why, folder)
    return row
