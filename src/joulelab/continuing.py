"""A run that goes on where an earlier one stopped: its learner comes out of that one's folder, and its
curve, joules and seconds count from that one's beginning.

checkpoint/     in the folder of a run that was paused or interrupted: what its learner saved
earlier.json    in the folder of one that goes on: what came before it
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from joulelab.errors import ConfigError, JoulelabError
from joulelab.protocols import Learner
from joulelab.records import CurvePoint, Metrics, RunRecord

CHECKPOINT, EARLIER = "checkpoint", "earlier.json"
MAY_DIFFER = ("max_epochs", "max_steps", "continues", "repeats", "name", "save_model")
WORK = ("model", "data", "lr", "batch_size", "seed")


@dataclass(frozen=True)
class Earlier:
    """All pieces before a run. `points` count time from the beginning of the first piece's fit (ns);
    `metrics` has `energy_j`, `energy_dynamic_j` (with uncertainties) and `duration_s` of fit alone,
    and the peaks; what is not known is a missing key."""

    run_uid: str
    points: tuple[CurvePoint, ...]
    metrics: Metrics
    provenance: str = "none"

    def write(self, folder: Path) -> None:
        points = [[each.step, each.time_ns, each.energy_j, each.metrics] for each in self.points]
        told = [self.run_uid, points, self.metrics, self.provenance]
        (folder / EARLIER).write_text(json.dumps(told), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Earlier | None:
        """None for a run that began at its beginning."""
        try:
            text = (folder / EARLIER).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        run_uid, points, metrics, provenance = json.loads(text)
        return cls(run_uid, tuple(CurvePoint(*each) for each in points), metrics, provenance)

    @classmethod
    def of(cls, record: RunRecord, fit_start_ns: int | None) -> Earlier:
        """Everything up to the end of `record`, a settled run whose own fit began at `fit_start_ns`."""
        told, before = record.metrics, record.metrics.get("continued/duration_s", 0.0)
        start_ns = fit_start_ns or (record.curve[0].time_ns if record.curve else 0)
        points = [
            replace(each, time_ns=each.time_ns - start_ns + round(before * 1e9))
            for each in record.curve
        ]
        known: Metrics = {"duration_s": before + told.get("duration_s/fit", 0.0)}
        if "energy_j/fit" in told and ("continued/energy_j" in told or before == 0):
            known |= _fit_energy(told)
        known |= {key: told[key] for key in PEAKS if key in told}
        trained = f"energy_j/{TRAINING}"
        if trained in told:
            known[trained] = told[trained] + told.get(f"continued/{trained}", 0.0)
        return cls(record.run_uid, tuple(points), known, record.tags.get("provenance", "none"))

    def joined(self, own: Sequence[CurvePoint], fit_start_ns: int | None) -> list[CurvePoint]:
        """The whole curve, timed as if it had not been broken: ending where the own piece does."""
        start_ns = fit_start_ns or (own[0].time_ns if own else 0)
        zero_ns = start_ns - round(self.metrics["duration_s"] * 1e9)
        before_j = self.metrics.get("energy_j", math.nan)
        first = [replace(each, time_ns=each.time_ns + zero_ns) for each in self.points]
        return first + [
            replace(each, energy_j=each.energy_j + before_j, metrics=self._trained(each.metrics))
            for each in own
        ]

    def _trained(self, metrics: Metrics) -> Metrics:
        if TRAIN_J not in metrics:
            return metrics
        before_j = self.metrics.get(f"energy_j/{TRAINING}", math.nan)
        return {**metrics, TRAIN_J: metrics[TRAIN_J] + before_j}

    def add_to(self, record: RunRecord) -> None:
        """Makes `energy_j`, `energy_dynamic_j`, `duration_s` and the peaks those of all pieces;
        what is of phases, and of the run as a whole, stays this piece's own."""
        told = record.metrics
        for key in ("energy_j", "energy_dynamic_j"):
            if key in told and key in self.metrics:
                _add(told, self.metrics, key)
            else:
                for suffix in SUFFIXES:
                    told.pop(f"{key}{suffix}", None)
        if "duration_s" in told:
            told["duration_s"] += self.metrics["duration_s"]
        if "energy_j" in told and told.get("duration_s"):
            told["power_w/mean"] = told["energy_j"] / told["duration_s"]
        told |= {
            key: max(told.get(key, 0.0), value)
            for key, value in self.metrics.items()
            if key in PEAKS
        }
        told |= {f"continued/{key}": self.metrics[key] for key in SUMS if key in self.metrics}
        if "estimated" in self.provenance and record.tags.get("provenance") == "measured":
            record.tags["provenance"] = self.provenance


TRAINING = "fit/train"
"""The phase of a fit that holds its steps, and neither validations nor scores."""

TRAIN_J = "train/energy_j"
"""Of a point of the curve: joules of that phase so far."""

SUMS = ("energy_j", "energy_dynamic_j", "duration_s", f"energy_j/{TRAINING}")
PEAKS = ("power_w/peak", "memory_bytes/peak")
SUFFIXES = ("", "_u_independent", "_u_shared")


def checkpoint_of(folder: Path) -> Path | None:
    """Where the learner of a run lies: as it stopped, else as `save_model=true` kept it."""
    return next((path for path in (folder / CHECKPOINT, folder / "model") if path.is_dir()), None)


def keep(learner: Learner, folder: Path) -> str:
    """Saves the learner into the folder of its run: `kept`, or why not. All of it or nothing."""
    if not getattr(learner, "goes_on", True):
        return "this learner cannot go on"
    partial = folder / f"{CHECKPOINT}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        learner.save(partial)
        partial.replace(folder / CHECKPOINT)
    except Exception as error:  # noqa: BLE001  a run that was weighed is not lost for it
        shutil.rmtree(partial, ignore_errors=True)
        return (
            str(error) if isinstance(error, JoulelabError) else f"{type(error).__name__}: {error}"
        )
    return "kept"


def earlier_of(folder: Path, params: Mapping[str, str], fit_start_ns: int | None) -> Earlier:
    """ConfigError where the run in `folder` kept nothing, still runs, or did other work than a run
    with `params` does."""
    where = f"continues={folder}"
    try:
        record = RunRecord.from_json((folder / "record.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError("there is no run", where=where, cure="name the folder of a run") from None
    if checkpoint_of(folder) is None or record.status == "RUNNING":
        raise ConfigError(
            "this run kept no learner to go on with",
            where=where,
            cure="runs that were paused, interrupted, or made with save_model=true do",
        )
    for key, value in sorted(params.items()):
        old = record.params.get(key, value)
        if key.split(".")[0] in WORK and key.split(".")[-1] not in MAY_DIFFER and old != value:
            raise ConfigError(
                f"{key} was {old} and is {value}", where=where, cure=f"say {key}={old}"
            )
    return Earlier.of(record, fit_start_ns)


def _fit_energy(told: Metrics) -> Metrics:
    known = {f"energy_j{suffix}": told[f"energy_j/fit{suffix}"] for suffix in SUFFIXES}
    if "power_w/idle" in told and "energy_dynamic_j" in told:
        known["energy_dynamic_j"] = (
            known["energy_j"] - told["power_w/idle"] * told["duration_s/fit"]
        )
        known |= {
            f"energy_dynamic_j{each}": told[f"energy_dynamic_j{each}"] for each in SUFFIXES[1:]
        }
        known["energy_dynamic_j"] += told.get("continued/energy_dynamic_j", 0.0)
    if "continued/energy_j" in told:
        known["energy_j"] += told["continued/energy_j"]
        for suffix in SUFFIXES[1:]:
            known[f"energy_j{suffix}"] = told[f"energy_j{suffix}"]
    return known


def _add(told: Metrics, before: Metrics, key: str) -> None:
    """Independent parts add in quadrature, what the instrument gets wrong in every run linearly."""
    told[key] += before[key]
    told[f"{key}_u_shared"] += before[f"{key}_u_shared"]
    independent = f"{key}_u_independent"
    told[independent] = math.hypot(told[independent], before[independent])
