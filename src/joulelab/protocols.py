"""The six seams of joulelab. Implementations carry no words of their own: the contract is here.

Each protocol has one contract test class in `tests/contracts/`; every implementation is one
parameter of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from joulelab.records import (
    Channel,
    DataSpec,
    Instant,
    Metrics,
    RunRecord,
    Sample,
    StopReason,
)


@runtime_checkable
class Meter(Protocol):
    """One instrument.

    `channels` is final once `start` has returned. `remote` says that an answer may take long: the
    recorder then gives the meter a thread of its own and never reads it at a phase's edge.

    `start` raises MeterUnavailable or MeterDenied, with the cure; called again after `stop`, it
    starts afresh. `read` returns at most one sample a channel, stamped by the meter itself as close
    to the reading as it can, never raises for a failing world (it returns a NaN sample) and costs
    less than a millisecond where `remote` is false. One thread at a time calls a meter. `stop` may be
    called at any time, and twice.

    A meter may have `note`, one line for `joulelab doctor`, and, where `start` is slow or starts a
    program, `probe()`: a quick check without side effects that raises what `start` would. `trouble`,
    where it has that, is a sentence for the run's record, such as that its clock was set, or None.
    """

    remote: bool

    @property
    def channels(self) -> Sequence[Channel]: ...
    def start(self) -> None: ...
    def read(self) -> Sequence[Sample]: ...
    def stop(self) -> None: ...


@runtime_checkable
class BufferedMeter(Meter, Protocol):
    """A meter that kept its own record: asked once, after the run. One that says nothing while the
    run goes has `live = False`, and its `read` returns no samples.

    `collect` returns the samples of [start, stop] on this host's monotonic clock, with one sample
    beyond each end where the instrument has one, in any order and possibly doubled.
    """

    def collect(self, start: Instant, stop: Instant) -> Sequence[Sample]: ...


@runtime_checkable
class Knob(Protocol):
    """One setting of the machine.

    `apply` sets, reads back and verifies; it raises HardwareDenied with the command that grants the
    right. `restore` brings back what `apply` found, does nothing where `apply` did not succeed, and
    may be called twice; HardwareError names the command for what could not be set back. A knob may
    have `applied`: what holds now, in a few words, for the run's record.
    """

    name: str

    def apply(self) -> None: ...
    def restore(self) -> None: ...


class Dataset(Protocol):
    """Map-style: `dataset[i]` is (input, target).

    input: float32 array of `DataSpec.input_shape`, in the units of the spec: not normalised, but for
    anomaly data that says so by the unit 1.
    target: an int class index (multiclass; anomaly: 1 where the last step of the window is anomalous,
    else 0), or a float32 (classes,) vector of 0 and 1 (multilabel).
    The same index gives the same sample in every process.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> tuple[Any, Any]: ...


@runtime_checkable
class Data(Protocol):
    """A data set with its fixed splits. Building one reads no more than it must; `split` raises
    DataError naming file and cure for whatever is missing or broken."""

    @property
    def spec(self) -> DataSpec: ...
    def split(self, name: str) -> Dataset:
        """`train`, `val` or `test`; ConfigError for another name."""
        ...


class Observer(Protocol):
    """What a learner may tell and ask while it works. Cheap: may be called at every step."""

    def phase(self, name: str) -> AbstractContextManager[None]:
        """A phase inside the running one: `epoch`, `load`, `validate`."""
        ...

    def progress(self, step: int, total: int, metrics: Metrics | None = None) -> None:
        """`step` of `total` optimisation steps are done."""
        ...

    def point(self, step: int, metrics: Metrics) -> None:
        """One point of the curve: validation metrics at `step`. The run adds the joules."""
        ...

    def should_stop(self) -> StopReason | None:
        """Asked after every step, in fit and in evaluate; the learner then ends in good order."""
        ...


@runtime_checkable
class Learner(Protocol):
    """Anything that can be fitted to data and judged on it.

    `fit` returns the last validation metrics (`val/...`), and what it noted of the training
    (`train/...`), reports each validation as a point, and goes on where it was when called after
    `load`. `evaluate` returns `test/...`. Both end early, in
    good order, when the observer says so. `save` writes into an existing folder all that `fit` needs
    to go on exactly where it was. LearnerError says that data and learner do not fit together; a
    learner may have `check(spec: DataSpec)`, which raises it before anything is measured, and
    `baseline(data)`: figures `baseline/...` of its own beside the trivial ones, such as those of its
    untrained net. One whose `fit` cannot go on after `load` says `goes_on = False`: a sweep then never
    pauses it.
    """

    def fit(self, data: Data, observer: Observer) -> Metrics: ...
    def evaluate(self, data: Data, observer: Observer) -> Metrics: ...
    def save(self, folder: Path) -> None: ...
    def load(self, folder: Path) -> None: ...


@runtime_checkable
class RunStore(Protocol):
    """Where runs are kept. Knows runs by `run_uid`; every call may be repeated without harm.

    `begin` shows a run as running, `put` writes all of it (record, curve, and the files of `folder`
    named by `artifacts`), whatever was there before. `grow` shows a study (`records.STUDY` among its
    tags), whose figures grow from call to call, as the parent of the runs whose tag `parent_uid` names
    it, also of those that were there first. All raise StoreUnreachable or StoreMismatch. `rows` knows
    no studies; it is one flat mapping a run: `run_id`, `status`, `params.*`, `metrics.*`, `tags.*`.
    `frame` is the same as a `pyarrow.Table`, a row a run in the order of their start
    (`tracking/columns.py` says its columns), `curves` the points of the runs' curves: `store_id`,
    `step`, `energy_j` and a column a metric. `select` is a condition in MLflow's filter language;
    what cannot be read of it is a ConfigError.
    """

    @property
    def location(self) -> str: ...
    def begin(self, record: RunRecord) -> None: ...
    def put(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None: ...
    def grow(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None: ...
    def rows(self, select: str | None = None) -> Sequence[Mapping[str, Any]]: ...
    def frame(self, select: str | None = None) -> Any: ...
    def curves(self, store_ids: Sequence[str]) -> Any: ...
