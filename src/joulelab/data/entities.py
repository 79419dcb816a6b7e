"""What an anomaly data set is made of: entities, each with a normal past and a labelled present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from joulelab.errors import ConfigError, DataError


class Anomaly(NamedTuple):
    """Steps [start, stop) of a series. `kind` is what the source calls it, `channels` the places of
    those that caused it; either may be empty, for unknown."""

    start: int
    stop: int
    kind: str = ""
    channels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Series:
    """(n, d) float32 values, (n,) bool labels (true: anomalous), and the anomalies that are told."""

    values: Any
    labels: Any
    anomalies: tuple[Anomaly, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def part(self, start: int, stop: int) -> Series:
        """Steps [start, stop), a view; anomalies are cut to it and counted from its start."""
        cut = (
            item._replace(start=max(item.start, start) - start, stop=min(item.stop, stop) - start)
            for item in self.anomalies
        )
        kept = tuple(item for item in cut if item.start < item.stop)
        return Series(self.values[start:stop], self.labels[start:stop], kept)


@dataclass(frozen=True)
class Entity:
    """One thing that was watched: a channel of a spacecraft, a server, a file. `val` None: the tail of
    `train` is held out."""

    name: str
    train: Series
    test: Series
    val: Series | None = None


def series(
    values: Any, labels: Any = None, anomalies: Sequence[Anomaly] = (), where: str = ""
) -> Series:
    """DataError, naming `where`, unless `values` is (n, d) of finite numbers with a label a step;
    without labels, nothing is anomalous."""
    array = np.ascontiguousarray(values, np.float32)
    if array.ndim != 2 or array.size == 0:
        raise DataError(f"is not steps by channels but of shape {array.shape}", where=where)
    if not np.isfinite(array).all():
        raise DataError("holds values that are no numbers", where=where, cure="fill the gaps first")
    marks = np.zeros(len(array), np.bool_) if labels is None else np.asarray(labels, np.bool_)
    if marks.shape != (len(array),):
        raise DataError(f"{marks.size} labels do not fit {len(array)} steps", where=where)
    return Series(array, marks, tuple(anomalies))


def marks_of(anomalies: Sequence[Anomaly], length: int) -> Any:
    """(length,) bool: true inside any of the anomalies."""
    labels = np.zeros(length, np.bool_)
    for item in anomalies:
        labels[item.start : item.stop] = True
    return labels


def choose(known: Sequence[str], chosen: Sequence[str] | None) -> tuple[str, ...]:
    """`chosen` in its order, all that are known for None; ConfigError for one that is not there, or
    twice."""
    if chosen is None:
        return tuple(known)
    for place, name in enumerate(chosen):
        if name not in known or name in chosen[:place]:
            what = "is named twice" if name in known else "is no entity of this data set"
            raise ConfigError(
                f"{name} {what}", where="data.entities", cure=f"known are {', '.join(known)}"
            )
    return tuple(chosen)
