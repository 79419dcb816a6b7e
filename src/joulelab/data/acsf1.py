"""ACS-F1: electrical signatures of household appliances, as the UCR archive publishes them.

Gisler et al., "Appliance consumption signature database and recognition test protocols", WoSSPA
2013, doi 10.1109/WoSSPA.2013.6602387.
"""

from __future__ import annotations

import importlib.util
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.data.arrays import ArrayDataset, channel_statistics
from joulelab.data.download import fetch
from joulelab.data.splits import check_name, stratified_split
from joulelab.errors import DataError
from joulelab.records import DataSpec

URL = "https://timeseriesclassification.com/aeon-toolkit/ACSF1.zip"
FILES = {"train": "ACSF1_TRAIN.ts", "test": "ACSF1_TEST.ts"}
LENGTH = 1460
# The archive lists ten appliances but never says which number is which: the numbers stay the names.
CLASSES = tuple(map(str, range(10)))
VAL_FRACTION = 0.2


class Acsf1:
    """Which of ten kinds of appliance is it? (1, 1460) samples, official test set, a stratified fifth
    of the official training set is `val`.

    No watts: each series is z-normalised. Nor is it one quantity in time: four take turns, the
    third of each four is as steady as a mains voltage; so there is no `sample_hz`. The files come
    out of aeon while it ships them (`packaged`), else from `url` into `root`, once; `sha256` is that
    archive's hash. DataError: not to be had, or not this data set.
    """

    def __init__(
        self,
        root: str | Path,
        url: str = URL,
        sha256: str | None = None,
        packaged: bool = True,
    ) -> None:
        self._archive = Path(root).expanduser() / "ACSF1.zip"
        self._url = url
        self._sha256 = sha256
        self._packaged = packaged
        self._read: dict[str, tuple[Any, Any]] = {}

    def _official(self, name: str) -> tuple[Any, Any]:
        if name not in self._read:
            shipped = _shipped(FILES[name]) if self._packaged else None
            if shipped is not None:
                self._read[name] = parse(shipped.read_bytes(), str(shipped))
            else:
                archive = fetch(self._url, self._archive, self._sha256)
                self._read[name] = parse(_member(archive, FILES[name]), f"{archive}/{FILES[name]}")
        return self._read[name]

    @cached_property
    def _splits(self) -> dict[str, list[int]]:
        train, val = stratified_split(self._official("train")[1].tolist(), VAL_FRACTION)
        return {"train": train, "val": val}

    @cached_property
    def spec(self) -> DataSpec:
        mean, std = channel_statistics(self._official("train")[0][self._splits["train"]])
        return DataSpec(
            name="acsf1",
            task="multiclass",
            form="series",
            classes=CLASSES,
            input_shape=(1, LENGTH),
            channels=("signature",),
            units=("1",),
            mean=mean,
            std=std,
            source="ACS-F1 (Gisler et al. 2013), z-normalised, UCR archive",
        )

    def split(self, name: str) -> ArrayDataset:
        check_name(name)
        inputs, targets = self._official("test" if name == "test" else "train")
        rows = slice(None) if name == "test" else self._splits[name]
        return ArrayDataset(inputs[rows], targets[rows])


def parse(content: bytes, where: str) -> tuple[Any, Any]:
    """Inputs (n, 1, 1460) float32 and targets (n,) int64 of a `.ts` file.

    The format: comments (#), header lines (@) up to `@data`, then `value,value,...:label` a line.
    DataError for anything else, another length, or a label that is none of 0 to 9.
    """
    _, found, body = content.partition(b"@data")
    rows = [line.rpartition(b":") for line in body.splitlines() if line.strip()]
    try:
        inputs = np.array([row[0].split(b",") for row in rows], np.float32)
        targets = np.array([CLASSES.index(row[2].strip().decode()) for row in rows], np.int64)
    except ValueError as error:
        raise _broken(str(error), where) from error
    if not found or inputs.shape != (len(rows), LENGTH) or not np.isfinite(inputs).all():
        raise _broken(f"not rows of {LENGTH} numbers", where)
    return inputs[:, np.newaxis], targets


def _shipped(name: str) -> Path | None:
    # Not through aeon.datasets: importing it costs seconds, and its loader of ACSF1 ends with 1.7.
    package = importlib.util.find_spec("aeon")
    for folder in (package and package.submodule_search_locations) or ():
        path = Path(folder, "datasets", "data", "ACSF1", name)
        if path.is_file():
            return path
    return None


def _member(archive: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as packed:
            (member,) = [path for path in packed.namelist() if Path(path).name == name]
            return packed.read(member)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError) as error:
        raise DataError(
            f"is no zip archive that holds {name}", where=str(archive), cure="delete it, try again"
        ) from error


def _broken(reason: str, where: str) -> DataError:
    return DataError(
        f"is not the ACSF1 of the UCR archive: {reason}", where=where, cure="delete it, try again"
    )
