"""The things that rooms hand to each other: plain, frozen, without behaviour of their own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple

Metrics = dict[str, float]
"""Keys like `val/f1_macro`; a metric that could not be computed is a missing key."""

STUDY, PARENT = "joulelab.study", "parent_uid"
"""Tags: of the record of a study, its name; of a run that belongs to one, that record's uid."""

Kind = Literal["counter", "power", "auxiliary"]
Scope = Literal["cpu", "dram", "gpu", "soc", "board", "node", "wall"]
Provenance = Literal["measured", "estimated"]
Task = Literal["multiclass", "multilabel", "regression", "anomaly"]
Form = Literal["series", "image"]
Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a meter and how far its figures can be trusted.

    `unit` is J for a counter, W for power, anything for an auxiliary channel (which never enters
    an energy). The accuracy bound at power P is `accuracy_absolute_w + accuracy_relative * P`, the
    half width of a rectangular distribution; `shared_fraction` of its variance is common to all runs
    on this instrument (a calibration error), the rest is new in each run. `inside` names the channel
    of the same meter that already contains this one (`core` inside `package-0`): never summed twice.
    `clock_offset_s` is what was subtracted from the instrument's own stamps (its clock less this
    host's), with standard uncertainty `u_clock_s`, which is 0 where this host stamps.
    """

    name: str
    kind: Kind
    unit: str
    scope: Scope
    provenance: Provenance
    resolution: float = 0.0
    update_period_s: float = 0.0
    accuracy_absolute_w: float = 0.0
    accuracy_relative: float = 0.0
    shared_fraction: float = 1.0
    inside: str | None = None
    wrap_j: float | None = None
    power_max_w: float | None = None
    clock_offset_s: float = 0.0
    u_clock_s: float = 0.0


class Sample(NamedTuple):
    """One reading. `time_ns` is the monotonic clock of this host at the reading.

    Counters are joules since `Meter.start`, wraps already undone by the reader. NaN says "asked, no
    answer": a gap begins. Infinity in a counter says "it restarted": what is between its neighbours
    is not energy.
    """

    time_ns: int
    channel: str
    value: float


class Instant(NamedTuple):
    """The same moment on the monotonic and on the wall clock (ns); `u_wall_s` is the offset's standard
    uncertainty."""

    monotonic_ns: int
    wall_ns: int
    u_wall_s: float = 0.0


class Phase(NamedTuple):
    """One visit of a named interval; nested names are joined: `fit/epoch`. Monotonic ns."""

    name: str
    start_ns: int
    stop_ns: int

    @property
    def duration_s(self) -> float:
        return (self.stop_ns - self.start_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules of one phase as one channel, or a sum of channels, saw it.

    `u_independent_j` and `u_shared_j` are standard uncertainties (k = 1); the shared part is common
    to all runs on the instrument and cancels once in a difference. `coverage` is the share of the
    phase that was really seen; `bridged` says that a counter closed its own gaps.
    """

    value_j: float
    u_independent_j: float
    u_shared_j: float
    coverage: float
    duration_s: float
    scope: Scope
    provenance: Provenance
    bridged: bool = False

    @property
    def u_j(self) -> float:
        return float((self.u_independent_j**2 + self.u_shared_j**2) ** 0.5)

    @property
    def power_w(self) -> float:
        return self.value_j / self.duration_s if self.duration_s > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a run had cost and reached at one validation. `energy_j` counts from the start of fit and is
    NaN where nothing weighed it."""

    step: int
    time_ns: int
    energy_j: float
    metrics: Metrics


class StopReason(StrEnum):
    """Why a learner is asked to stop at the next step."""

    WARMED_UP = "warmed up"
    BUDGET = "budget spent"
    DOMINATED = "dominated"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ComputeSettings:
    """How a learner computes, from the `hardware` group: how, never what."""

    accelerator: str = "cpu"
    devices: int = 1
    precision: str = "fp32"
    channels_last: bool = False


@dataclass(frozen=True, slots=True)
class DataSpec:
    """What a learner must know of a data set before it sees a sample.

    `input_shape` is (channels, length) for a series and (channels, height, width) for an image;
    `channels`, `units`, `mean` and `std` have one entry a channel, the latter two over the training
    split. `synthetic` is true where no instrument ever saw the values.
    """

    name: str
    task: Task
    form: Form
    classes: tuple[str, ...]
    input_shape: tuple[int, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sample_hz: float | None = None
    synthetic: bool = False
    source: str = ""


@dataclass
class RunRecord:
    """Everything the store keeps of a run but its artifacts; grows while the run lives."""

    run_uid: str
    name: str
    experiment: str
    status: Status
    start_wall_ns: int
    stop_wall_ns: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)
    error: str | None = None

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        fields: dict[str, Any] = json.loads(text)
        fields["curve"] = [CurvePoint(**point) for point in fields["curve"]]
        return cls(**fields)


@dataclass(frozen=True)
class Trace:
    """All samples of a run by channel id `<meter>.<channel>`: (n,) int64 ns and (n,) float64 values."""

    channels: Mapping[str, Channel]
    times_ns: Mapping[str, Any]
    values: Mapping[str, Any]
    phases: Sequence[Phase] = ()
    anchor: Instant | None = None
