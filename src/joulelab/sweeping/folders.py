"""What the folder of a trial says of its runs: the truth about a job, whoever started it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from joulelab import runfolder
from joulelab.continuing import CHECKPOINT, Earlier
from joulelab.records import CurvePoint, Metrics, RunRecord
from joulelab.sweeps.history import Point
from joulelab.tracking import pending

ENERGY, DURATION = "energy_j", "duration_s"


@dataclass(frozen=True)
class Seen:
    """One run: its record as last written, its curve so far, when its fit began, and the pieces
    before it, whose points its curve has too."""

    folder: Path
    record: RunRecord
    curve: tuple[CurvePoint, ...]
    fit_start_ns: int | None
    earlier: Earlier | None = None

    @property
    def alive(self) -> bool:
        return self.record.status == "RUNNING" and pending.owner_lives(self.record)

    @property
    def spent(self) -> Metrics:
        """What this piece cost, idle and warmup included; of one still at work, what is known."""
        metrics = self.record.metrics
        known = {
            name: metrics[f"{name}/run"] for name in (ENERGY, DURATION) if f"{name}/run" in metrics
        }
        before = self.earlier.metrics if self.earlier else {}
        last = self.at(len(self.curve) - 1) if self.curve else {}
        for name in (ENERGY, DURATION):
            if name in last and name not in known:
                known[name] = max(0.0, last[name] - before.get(name, 0.0))
        return known

    def at(self, index: int) -> Metrics:
        """Everything known at one point of the curve; at the last one of a finished run, the run's
        own metrics too where the curve has none of that name."""
        point = self.curve[index]
        found = dict(point.metrics)
        if not math.isnan(point.energy_j):
            found[ENERGY] = point.energy_j
        if self.fit_start_ns is not None:
            before_s = self.earlier.metrics["duration_s"] if self.earlier else 0.0
            found[DURATION] = (point.time_ns - self.fit_start_ns) / 1e9 + before_s
        if index == len(self.curve) - 1 and self.record.status == "FINISHED":
            found = {**self.record.metrics, **found}
        return found


_KNOWN: dict[Path, tuple[tuple[tuple[int, int, int], ...], Seen]] = {}


def runs(trial: Path) -> list[Seen]:
    """The runs below the folder of a trial, oldest first; names tell seconds only."""
    found = [each for path in sorted(trial.glob("*/*/record.json")) if (each := _seen(path))]
    return sorted(found, key=lambda each: each.record.start_wall_ns)


def _seen(path: Path) -> Seen | None:
    """Read again only where a file has changed: this is asked ten times a second."""
    folder = path.parent
    try:
        found = [
            path.stat(),
            *(file.stat() for file in (runfolder.curve(folder),) if file.exists()),
        ]
        signature = tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)
        known = _KNOWN.get(folder)
        if known is not None and known[0] == signature and known[1].fit_start_ns is not None:
            return known[1]
        record = RunRecord.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    curve, start_ns = runfolder.whole_curve(folder, record), runfolder.fit_start_ns(folder)
    _KNOWN[folder] = signature, Seen(folder, record, tuple(curve), start_ns, Earlier.read(folder))
    return _KNOWN[folder][1]


def checkpoints(trial: Path, repeats: int) -> list[Path]:
    """The newest run of each seed that kept its learner, by seed; empty where one has none."""
    newest: dict[int, Path] = {}
    for each in runs(trial):
        if each.record.status != "RUNNING" and (each.folder / CHECKPOINT).is_dir():
            newest[int(each.record.tags.get("seed", "0"))] = each.folder
    return [newest[seed] for seed in sorted(newest)] if len(newest) == repeats else []


def clear(trial: Path) -> None:
    """Removes what learners were kept: the trial has come to its end."""
    for path in trial.glob(f"*/*/{CHECKPOINT}"):
        shutil.rmtree(path, ignore_errors=True)


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
