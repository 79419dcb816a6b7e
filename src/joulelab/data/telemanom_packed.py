"""MSL and SMAP as other projects repack them: everything of a spacecraft in one or three files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.data.entities import Entity, series
from joulelab.data.npy import load_npy, load_npz
from joulelab.errors import DataError

Makers = dict[str, Callable[[], Entity]]


def packed(root: Path, spacecraft: str) -> Makers | None:
    """What makes each entity, by name; None where neither layout is there.

    `<spacecraft>.npz`: `train`, `test`, `label`, and, to tell the entities apart, `channels` (names),
    `n_train`, `n_test`. `<spacecraft>_train.npy`, `_test.npy`, `_test_label.npy`: one entity.
    """
    archive = root / f"{spacecraft}.npz"
    if archive.is_file():
        return _of_archive(archive, spacecraft)
    three = [root / f"{spacecraft}_{part}.npy" for part in ("train", "test", "test_label")]
    if three[0].is_file():
        train, test, label = (load_npy(path) for path in three)
        return {spacecraft: partial(_entity, spacecraft, train, test, label, str(root))}
    return None


def _of_archive(path: Path, spacecraft: str) -> Makers:
    arrays = load_npz(path, ("train", "test", "label"), ("channels", "n_train", "n_test"))
    train, test, label = arrays["train"], arrays["test"], arrays["label"]
    names = [str(name) for name in arrays.get("channels", [spacecraft])]
    steps = {
        split: np.concatenate([[0], np.cumsum(arrays.get(f"n_{split}", [len(arrays[split])]))])
        for split in ("train", "test")
    }
    for split, edges in steps.items():
        if len(edges) != len(names) + 1 or edges[-1] != len(arrays[split]):
            raise DataError(f"its parts do not add up to {split}", where=str(path))
    makers: Makers = {}
    for place, name in enumerate(names):
        of_train = slice(*steps["train"][place : place + 2])
        of_test = slice(*steps["test"][place : place + 2])
        where = f"{path}/{name}"
        makers[name] = partial(_entity, name, train[of_train], test[of_test], label[of_test], where)
    return makers


def _entity(name: str, train: Any, test: Any, label: Any, where: str) -> Entity:
    return Entity(name, series(train, where=where), series(test, label, where=where))
