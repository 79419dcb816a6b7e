"""A study in the run store: the parent of its runs, with its front, its figures and its tables.

What the store cannot be told now waits in the index of runs that no store holds yet, as a run does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from joulelab import machine, runfolder
from joulelab.errors import StoreError
from joulelab.protocols import RunStore
from joulelab.records import STUDY, CurvePoint, Metrics, RunRecord, Status
from joulelab.sweeping import progress, screen
from joulelab.sweeping.exporting import export
from joulelab.sweeping.figure import draw
from joulelab.sweeping.settings import UNITS
from joulelab.sweeps import results
from joulelab.sweeps.budget import Spent
from joulelab.sweeps.definition import Definition
from joulelab.sweeps.history import History
from joulelab.tracking import pending

EVERY_S = 60.0
FOLDER, REFERENCE = "study", "hypervolume_reference"


class Publishing:
    """`study`: the study's folder; `index`: of runs that wait. Nothing here ends a sweep that has
    begun; `begin` raises StoreError where the store is `required` and does not answer."""

    def __init__(
        self,
        study: Path,
        index: Path,
        store: RunStore,
        record: RunRecord,
        definition: Definition,
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._index, self._store = study / FOLDER, index, store
        self._record, self._definition, self._say = record, definition, say
        self._next_s, self._silent = 0.0, False

    def begin(self, history: History, spent: Spent, required: bool) -> None:
        runfolder.own(self._record)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._tell(history, spent)
            self._put()
        except OSError as error:
            raise StoreError(
                f"cannot be written: {error.strerror or error}",
                where=str(self._folder),
                cure="make room and give the same command again",
            ) from error
        except StoreError as error:
            if required:
                pending.forget(self._index, self._record.run_uid)
                raise
            self._wait(error)

    def show(self, history: History, spent: Spent) -> None:
        """Now and then; asked between two jobs, so that none is weighed with it."""
        if time.monotonic() >= self._next_s:
            self._publish(history, spent)

    def end(self, history: History, spent: Spent, status: Status) -> None:
        self._record.status, self._record.stop_wall_ns = status, time.time_ns()
        self._publish(history, spent, figure=True)

    def _publish(self, history: History, spent: Spent, figure: bool = False) -> None:
        try:
            self._tell(history, spent, figure)
            self._put()
        except StoreError as error:
            self._wait(error)
        except OSError as error:
            self._say(f"the study's tables cannot be written: {error.strerror or error}")
        self._next_s = time.monotonic() + EVERY_S

    def _tell(self, history: History, spent: Spent, figure: bool = False) -> None:
        """Writes the study's files; its figures into the record."""
        export(history, self._definition, spent, self._folder)
        if figure and any(trial.points for trial in history.trials.values()):
            draw(history, self._folder, UNITS[self._definition.cost])
        self._record.metrics = figures(history, spent)
        self._record.tags["mlflow.note.content"] = note(history)
        reference = self._reference(history)
        self._record.curve = _volumes(history, reference) if reference else []
        if self._record.curve:
            self._record.metrics["hypervolume"] = self._record.curve[-1].metrics["hypervolume"]
        runfolder.write_record(self._folder, self._record, pending.STUDY_RECORD)
        (self._folder / "stored").unlink(missing_ok=True)
        pending.mark_pending(self._index, self._record.run_uid, self._folder)

    def _put(self) -> None:
        self._store.grow(self._record, self._folder, pending.study_artifacts(self._folder))
        uid = self._record.run_uid
        pending.mark_stored(self._index, uid, self._folder, self._store.location)
        self._silent = False

    def _wait(self, error: StoreError) -> None:
        if not self._silent:
            self._say(f"{error}; the study is kept in {self._folder} and stored later")
        self._silent = True

    def _reference(self, history: History) -> tuple[float, ...] | None:
        """The worst that had been seen when there were two points, and from then on: so that the
        volume only grows."""
        told = self._record.tags.get(REFERENCE)
        if told is not None:
            return tuple(float(each) for each in told.split())
        losses = [point.losses for trial in history.trials.values() for point in trial.points]
        if len(set(losses)) < 2:
            return None
        worst = tuple(max(column) for column in zip(*losses, strict=True))
        self._record.tags[REFERENCE] = " ".join(repr(each) for each in worst)
        return worst


def record_of(
    uid: str, study: str, experiment: str, params: Mapping[str, str], folder: Path
) -> RunRecord:
    """The study's record as it was left, or a new one; running again either way."""
    tags = {STUDY: study, "sweep_id": study, **machine.describe()}
    commit = machine.git_commit(Path.cwd())
    tags |= {"git_commit": commit} if commit else {}
    record = RunRecord(uid, study, experiment, "RUNNING", time.time_ns(), params=dict(params))
    try:
        text = (folder / FOLDER / pending.STUDY_RECORD).read_text(encoding="utf-8")
        old = RunRecord.from_json(text)
        # What a store was told once, it keeps.
        record.start_wall_ns, record.params = old.start_wall_ns, {**params, **old.params}
        record.tags = dict(old.tags)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    record.tags |= tags
    return record


def figures(history: History, spent: Spent) -> Metrics:
    """`spent/...`, `trials/<state>`, `front/points` and `best/<objective>`."""
    states = Counter(trial.state for trial in history.trials.values())
    found: Metrics = {f"trials/{state}": float(count) for state, count in states.items()}
    found |= {
        "spent/energy_j": spent.joules,
        "spent/duration_s": spent.seconds,
        "spent/runs": float(spent.runs),
    }
    front = progress.front(history)
    found["front/points"] = float(len(front))
    for index, objective in enumerate(history.objectives):
        if front:
            best = min(member.losses[index] for member in front)
            found[f"best/{objective.name}"] = -best if objective.direction == "maximize" else best
    return found


def note(history: History, rows: int = screen.ROWS) -> str:
    """The front as a table in Markdown."""
    names = [objective.name for objective in history.objectives]
    lines = [" | ".join([*names, "after", "trial", "configuration"])]
    lines.append(" | ".join(["---"] * (len(names) + 3)))
    for member in screen.evenly(progress.front(history), rows):
        values = [
            screen.shown(objective, loss)
            for objective, loss in zip(history.objectives, member.losses, strict=True)
        ]
        numbers = " ".join(map(str, member.numbers))
        lines.append(" | ".join([*values, str(member.step), numbers, screen.words(member.trial)]))
    return "\n".join(f"| {line} |" for line in lines)


def _volumes(history: History, reference: tuple[float, ...]) -> list[CurvePoint]:
    """One point a trial: what was spent, and the hypervolume up to the reference (log10 of costs)."""
    worth = results.worth(history, reference)
    return [
        CurvePoint(count, 0, float(spent), {"hypervolume": float(volume)})
        for count, (spent, volume) in enumerate(zip(worth.spent, worth.volumes, strict=True), 1)
    ]
