"""What a trace says of a world, held against what the world knows."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from support.worlds.base import World

from joulelab.meters.energy import curves
from joulelab.meters.energy.integration import weigh
from joulelab.meters.energy.intervals import Spans
from joulelab.meters.energy.ledger import metrics, settle
from joulelab.meters.energy.reconcile import reconciled
from joulelab.meters.tracing import trace
from joulelab.meters.tracing.lifecycle import RETRY_S
from joulelab.records import Trace

TARGET = 0.001
STATED = 3.0
EDGE_PERIODS = 2.5
"""A gap reaches from the last answer before a fault to the first after it."""
EDGE_S = 0.2
"""What two busy cores may add to that."""


class Refused(Exception):
    """The run is not as it must be."""


def judge(row: Any, world: World, folder: Path, failures: dict[str, str]) -> None:
    """Fills the row. Refused where the run raised, told nothing of what is missing, or is wrong.

    A world whose load begins with the meter's start may have `align(trace)` to set its own.
    """
    row.message = " ".join(failures.get(row.meter, "").split())
    if "raised" in failures:
        raise Refused(f"the recorder raised: {failures['raised'][-600:]}")
    recorded = trace.load(folder)
    fits = [phase for phase in recorded.phases if phase.name == "fit"]
    if not fits:
        raise Refused(f"the run has no phase fit; it said {failures}")
    (fit,) = fits
    row.seconds = fit.duration_s
    if row.fault == "killed" and not any(len(times) for times in recorded.times_ns.values()):
        # A meter that keeps its own record is asked after the run, and there was no after.
        row.verdict, row.seen = "ok", 0.0
        row.message = "nothing of it was read before the kill: no figure"
        return
    align = getattr(world, "align", None)
    if align is not None:
        align(recorded)
    row.visible = world.visible(fit.start_ns, fit.stop_ns)
    channel_id = f"{row.meter}.{world.judged}"
    if channel_id not in recorded.channels:
        row.seen = 0.0
        if recorded.channels or not row.message:
            raise Refused(f"no channel {channel_id} among {list(recorded.channels)}")
        row.verdict = "ok"
        return
    _energy(row, world, recorded, channel_id, (fit.start_ns, fit.stop_ns))
    _coverage(row, world, recorded, channel_id)
    if not abs(row.error or 0.0) <= row.limit:
        raise Refused(f"energy is {row.error:+.3%} off, limit {row.limit:.3%}")
    row.verdict = "ok"


def _energy(row: Any, world: World, recorded: Trace, channel_id: str, fit: tuple[int, int]) -> None:
    """Against the truth of the seconds whose energy the meter says it knows. The limit is the target, or
    three times the standard uncertainty that the run itself states for sampling, rounding, edges,
    clock and the counter that corrects a power."""
    ledger = settle(recorded)
    metrics(recorded, ledger)
    energy = ledger.phases["fit"][channel_id]
    row.seen, row.bridged = energy.coverage, energy.bridged
    known = reconciled(curves.curves_of(recorded))
    curve = known[channel_id]
    spans = Spans.of({"": [fit]})
    counted = np.diff(curve.counted_s) > 0
    true_j = sum(
        world.true_j(max(start, fit[0]), min(stop, fit[1]))
        for start, stop in zip(
            curve.times_ns[:-1][counted].tolist(), curve.times_ns[1:][counted].tolist(), strict=True
        )
        if start < fit[1] and stop > fit[0]
    )
    random_j = math.sqrt(float(weigh(curve, spans).random_j2[0]))
    row.limit = TARGET
    if true_j > 0:
        row.error = energy.value_j / true_j - 1
        row.limit = max(TARGET, STATED * random_j / true_j)
    elif energy.value_j != 0:
        raise Refused(f"{energy.value_j:.3g} J of seconds that nobody saw")


def _coverage(row: Any, world: World, recorded: Trace, channel_id: str) -> None:
    period_s = max(world.period_s, recorded.channels[channel_id].update_period_s)
    slack_s = EDGE_PERIODS * period_s + EDGE_S
    missing_s = (row.visible - row.seen) * row.seconds
    if -missing_s > slack_s:
        raise Refused(f"{-missing_s:.2f} s seen that could not be seen")
    # A meter that is there late is asked again now and then only.
    allowed_s = slack_s + (RETRY_S + 0.5 if row.fault == "late start" else 0.0)
    if missing_s > allowed_s:
        raise Refused(f"{missing_s:.2f} s not seen that could be seen")
    gap = row.seen * row.seconds < row.seconds - slack_s
    if gap and row.fault != "killed" and not row.message:
        raise Refused("a gap without a word")


def without_places(text: str, folder: Path) -> str:
    """The same wherever and whenever it runs: no folder, no port, no process number."""
    text = text.replace(str(folder), "…")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:…", text)
    return re.sub(r"\b(localhost):\d+", r"\1:…", text)
