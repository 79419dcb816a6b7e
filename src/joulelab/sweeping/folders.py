"""What the folder of a trial says of its runs: the truth about a job, whoever started it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from joulelab import observers, runfolder
from joulelab.records import CurvePoint, Metrics, RunRecord
from joulelab.sweeps.history import Point
from joulelab.tracking import pending

ENERGY, DURATION = "energy_j", "duration_s"


@dataclass(frozen=True)
class Seen:
    """One run: its record as last written, its curve so far, and when its fit began."""

    folder: Path
    record: RunRecord
    curve: tuple[CurvePoint, ...]
    fit_start_ns: int | None

    @property
    def alive(self) -> bool:
        return self.record.status == "RUNNING" and pending.owner_lives(self.record)

    @property
    def spent(self) -> Metrics:
        """What all of it cost, idle and warmup included; of a run that goes on, what is known."""
        metrics = self.record.metrics
        known = {
            name: metrics[f"{name}/run"] for name in (ENERGY, DURATION) if f"{name}/run" in metrics
        }
        if self.curve and ENERGY not in known:
            energy_j = self.curve[-1].energy_j
            known |= {} if math.isnan(energy_j) else {ENERGY: energy_j}
        if self.curve and DURATION not in known and self.fit_start_ns is not None:
            known[DURATION] = (self.curve[-1].time_ns - self.fit_start_ns) / 1e9
        return known

    def at(self, index: int) -> Metrics:
        """Everything known at one point of the curve; at the last one of a finished run, the run's
        own metrics too where the curve has none of that name."""
        point = self.curve[index]
        found = dict(point.metrics)
        if not math.isnan(point.energy_j):
            found[ENERGY] = point.energy_j
        if self.fit_start_ns is not None:
            found[DURATION] = (point.time_ns - self.fit_start_ns) / 1e9
        if index == len(self.curve) - 1 and self.record.status == "FINISHED":
            found = {**self.record.metrics, **found}
        return found


def runs(trial: Path) -> list[Seen]:
    """The runs below the folder of a trial, oldest first."""
    seen = []
    for path in sorted(trial.glob("*/*/record.json")):
        try:
            record = RunRecord.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        folder = path.parent
        curve = record.curve or observers.read_curve(runfolder.curve(folder))
        seen.append(Seen(folder, record, tuple(curve), _fit_start_ns(folder)))
    return seen


def points(seen: Sequence[Seen], objectives: Sequence[str], cost: str) -> list[dict[str, float]]:
    """The mean over the runs at each point of the curve that all have reached; what one run lacks
    there is left out, and the curve ends where an objective is NaN or infinite."""
    if not seen:
        return []
    curve = []
    for index in range(min(len(each.curve) for each in seen)):
        found = [each.at(index) for each in seen]
        names = {*objectives, cost}
        mean = {
            name: fmean(one[name] for one in found)
            for name in names
            if all(name in one for one in found)
        }
        if any(not math.isfinite(value) for value in mean.values()):
            break
        curve.append(mean)
    return curve


def as_points(
    curve: Sequence[dict[str, float]], objectives: Sequence[str], signs: Sequence[float], cost: str
) -> tuple[Point, ...]:
    """The points of a curve at which every objective is known, numbered by validation from 1."""
    return tuple(
        Point(
            number,
            at.get(cost, 0.0),
            tuple(sign * at[name] for name, sign in zip(objectives, signs, strict=True)),
        )
        for number, at in enumerate(curve, start=1)
        if all(name in at for name in objectives)
    )


def _fit_start_ns(folder: Path) -> int | None:
    sealed, edges = folder / "phases.json", folder / "phases.jsonl"
    try:
        if sealed.exists():
            phases = json.loads(sealed.read_text(encoding="utf-8"))["phases"]
            starts = [phase["start_ns"] for phase in phases if phase["name"] == "fit"]
        else:
            lines = edges.read_text(encoding="utf-8").splitlines()
            events = [json.loads(line) for line in lines]
            starts = [
                event["time_ns"]
                for event in events
                if event["edge"] == "begin" and event["name"] == "fit"
            ]
    except (OSError, ValueError, KeyError):
        return None
    return int(starts[0]) if starts else None
