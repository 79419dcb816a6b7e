"""Data sets for anomaly detection: from entities to scaled, windowed splits.

How to use one (`data=telemetry` stands for any of them):

    data = Telemetry(window=50)
    data.spec                    # task "anomaly", classes ("normal", "anomalous"), input (d, T)
    train = data.split("train")  # joulelab.data.windows.WindowedSplit: len, [i], targets(), and
    train.values                 # (n, d) float32, scaled, entities one after the other
    train.batch([0, 5, 9])       # (3, d, T) float32
    test = data.split("test")
    scores                       # (len(test),): one a window, of its last step, larger: more anomalous
    test.targets()               # (len(test),) 0 or 1, in the same order; test.entity_of() likewise

`spec.mean` and `spec.std` are those of `train.values`, after scaling. `val` is the tail of each
entity's training series, hence without labelled anomalies, except where a source has a `val` of its own
(`telemetry` does); `data.split("val").labels.any()` tells.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, TypedDict, get_args

import numpy as np

from joulelab.data.arrays import channel_statistics
from joulelab.data.entities import Entity, Series
from joulelab.data.scaling import MinMax
from joulelab.data.splits import SPLITS, check_name
from joulelab.data.windows import WindowedSplit
from joulelab.errors import ConfigError, DataError
from joulelab.records import DataSpec

CLASSES = ("normal", "anomalous")
Normalisation = Literal["train", "per_split", "none"]


class Preparation(TypedDict, total=False):
    """What every anomaly data set takes beside its own keys; see `AnomalyData`."""

    window: int
    normalisation: Normalisation
    per_entity: bool
    limit: float | None
    entities: Sequence[str] | None
    joined: bool
    val_fraction: float


class AnomalyData:
    """Entities of one kind, prepared alike.

    `normalisation`: `train` scales by the range of the training split, `per_split` training data by
    the range of all training data and test data by its own (a test set that scales itself tells the
    model of its future; published studies do it), `none` not at all. `per_entity`: each entity by
    its own range, else all by one. `limit`: see MinMax. `entities`: only these, in this order.
    `joined`: entities count as one series, so windows reach over their joins and `val` is the tail of
    all. ConfigError for values that cannot be; DataError where an entity is not what it should be.

    A data set derives from this and gives `_read` and `_describe`.
    """

    def __init__(
        self,
        window: int = 100,
        normalisation: Normalisation = "train",
        per_entity: bool = False,
        limit: float | None = None,
        entities: Sequence[str] | None = None,
        joined: bool = False,
        val_fraction: float = 0.3,
    ) -> None:
        if window < 1:
            raise ConfigError(f"{window} is no number of steps", where="data.window")
        if normalisation not in get_args(Normalisation):
            raise ConfigError(
                f"{normalisation!r} is no normalisation",
                where="data.normalisation",
                cure=f"say one of {', '.join(get_args(Normalisation))}",
            )
        if not 0 < val_fraction < 1:
            raise ConfigError(
                f"{val_fraction} is no share between 0 and 1", where="data.val_fraction"
            )
        if joined and per_entity:
            raise ConfigError(
                "one series has one scale", where="data.per_entity", cure="say data.joined=false"
            )
        self.window = window
        self._normalisation = normalisation
        self._per_entity = per_entity
        self._limit = limit
        self._chosen = None if entities is None else tuple(entities)
        self._joined = joined
        self._val_fraction = val_fraction

    def _read(self, chosen: Sequence[str] | None) -> list[Entity]:
        """The chosen entities, all of them for None, in order; reads no others."""
        raise NotImplementedError

    def _describe(self) -> DataSpec:
        """What `bare_spec` makes: the spec of one unscaled step."""
        raise NotImplementedError

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """As the source has them, unscaled."""
        found = tuple(self._read(self._chosen))
        if not found:
            raise DataError("no entity is chosen", where="data.entities")
        return found

    @cached_property
    def spec(self) -> DataSpec:
        bare = self._describe()
        values = self.split("train").values
        mean, std = channel_statistics(values)
        return dataclasses.replace(
            bare,
            input_shape=(values.shape[1], self.window),
            units=bare.units if self._normalisation == "none" else ("1",) * values.shape[1],
            mean=mean,
            std=std,
        )

    def split(self, name: str) -> WindowedSplit:
        check_name(name)
        return self._splits[name]

    @cached_property
    def _splits(self) -> dict[str, WindowedSplit]:
        names = [entity.name for entity in self.entities]
        parts = [self._cut(entity) for entity in self.entities]
        if self._joined:
            parts = self._cut_joined()
        scaled = self._scaled(parts)
        splits = {}
        for split in SPLITS:
            column = [part[split] for part in scaled]
            splits[split] = WindowedSplit(names, column, self.window, self._joined)
            if len(splits[split]) == 0:
                longest = max(map(len, column))
                raise DataError(
                    f"no series of {split} has {self.window} steps, the longest has {longest}",
                    where="data.window",
                    cure="choose a shorter window",
                )
        return splits

    def _cut(self, entity: Entity) -> dict[str, Series]:
        if entity.val is not None:
            return {"train": entity.train, "val": entity.val, "test": entity.test}
        # Rounded down like int(n * 0.3) in the released OmniAnomaly.
        kept = len(entity.train) - int(len(entity.train) * self._val_fraction)
        return {
            "train": entity.train.part(0, kept),
            "val": entity.train.part(kept, len(entity.train)),
            "test": entity.test,
        }

    def _cut_joined(self) -> list[dict[str, Series]]:
        """Like `_cut`, but `val` is the tail of all entities together."""
        total = sum(len(entity.train) for entity in self.entities)
        kept = total - int(total * self._val_fraction)
        parts = []
        for entity in self.entities:
            if entity.val is not None:
                parts.append(self._cut(entity))
                continue
            here = min(max(kept, 0), len(entity.train))
            parts.append(
                {
                    "train": entity.train.part(0, here),
                    "val": entity.train.part(here, len(entity.train)),
                    "test": entity.test,
                }
            )
            kept -= len(entity.train)
        return parts

    def _scaled(self, parts: list[dict[str, Series]]) -> list[dict[str, Series]]:
        if self._normalisation == "none":
            return parts
        groups = [[part] for part in parts] if self._per_entity else [parts]
        return [scaled for group in groups for scaled in self._scaled_alike(group)]

    def _scaled_alike(self, parts: list[dict[str, Series]]) -> list[dict[str, Series]]:
        seen = {"train": _together(parts, "train")}
        if self._normalisation == "per_split":
            seen["train"] = np.concatenate([seen["train"], _together(parts, "val")])
            seen["test"] = _together(parts, "test")
        scales = {split: MinMax.of(seen.get(split, seen["train"])) for split in SPLITS}
        return [
            {
                split: Series(
                    scales[split](part[split].values, self._limit),
                    part[split].labels,
                    part[split].anomalies,
                )
                for split in SPLITS
            }
            for part in parts
        ]


def _together(parts: list[dict[str, Series]], split: str) -> Any:
    return np.concatenate([part[split].values for part in parts])


def bare_spec(
    name: str,
    channels: Sequence[str],
    source: str,
    units: Sequence[str] | None = None,
    sample_hz: float | None = None,
    synthetic: bool = False,
) -> DataSpec:
    """What `_describe` returns; units None: none are known."""
    d = len(channels)
    return DataSpec(
        name=name,
        task="anomaly",
        form="series",
        classes=CLASSES,
        input_shape=(d, 1),
        channels=tuple(channels),
        units=("1",) * d if units is None else tuple(units),
        mean=(0.0,) * d,
        std=(1.0,) * d,
        sample_hz=sample_hz,
        synthetic=synthetic,
        source=source,
    )
