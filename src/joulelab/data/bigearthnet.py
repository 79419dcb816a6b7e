"""BigEarthNet version 1: Sentinel-2 patches of 1,200 m, read as they were published."""

from __future__ import annotations

import bz2
import os
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from joulelab.data.bigearthnet_labels import BAND_SETS, BANDS, class_names
from joulelab.data.bigearthnet_patch import (
    band_file,
    label_file,
    read_band,
    read_labels,
    resample,
)
from joulelab.data.splits import check_name, hash_split
from joulelab.errors import ConfigError, DataError
from joulelab.records import DataSpec

SOURCE = "BigEarthNet version 1, TU Berlin (bigearth.net), CDLA-Permissive-1.0"
_PATCH = re.compile(r"S2[AB]_MSIL2A_\d{8}T\d+_\d+_\d+")


class BigEarthNet:
    """Which land covers are on this patch? Multi-hot targets, classes in CLC order.

    `root` holds one folder a patch: 12 GeoTIFFs and a JSON file. Channels are B04, B03, B02
    ("rgb") or the 12 bands B01 .. B12 in technical order ("all"), in digital numbers (reflectance
    times 10,000), each brought to `resolution_px` bilinearly. `splits` is a folder with the official
    lists, `train.csv`, `val.csv` and `test.csv` (or `.csv.bz2`), one patch name a line; without it a
    patch goes by the hash of its name, 60/20/20. Mean and standard deviation are the published ones.
    """

    def __init__(
        self,
        root: str | Path,
        bands: Literal["rgb", "all"] = "rgb",
        classes: Literal[19, 43] = 19,
        splits: str | Path | None = None,
        resolution_px: int = 120,
    ) -> None:
        if bands not in BAND_SETS:
            raise ConfigError(
                f"{bands!r} is no set of bands", where="data.bands", cure="rgb or all"
            )
        if classes not in (19, 43):
            raise ConfigError(
                f"there are no {classes} classes", where="data.classes", cure="19 or 43"
            )
        if resolution_px < 1:
            raise ConfigError(f"{resolution_px} is no image edge", where="data.resolution_px")
        self._root = Path(root).expanduser()
        self._bands: tuple[str, ...] = BAND_SETS[bands]
        self._classes = classes
        self._lists = None if splits is None else Path(splits).expanduser()
        self._resolution_px = resolution_px
        self._names = _patch_names(self._root)
        self._read: dict[str, PatchDataset] = {}

    @property
    def spec(self) -> DataSpec:
        edge = self._resolution_px
        return DataSpec(
            name="bigearthnet",
            task="multilabel",
            form="image",
            classes=class_names(self._classes),
            input_shape=(len(self._bands), edge, edge),
            channels=self._bands,
            units=("1e-4 reflectance",) * len(self._bands),
            mean=tuple(BANDS[band].mean for band in self._bands),
            std=tuple(BANDS[band].std for band in self._bands),
            source=SOURCE,
        )

    @property
    def left_out(self) -> int:
        """Patches of the three splits without a label among the classes; reads every label file."""
        return sum(self._dataset(name).left_out for name in ("train", "val", "test"))

    def split(self, name: str) -> PatchDataset:
        check_name(name)
        dataset = self._dataset(name)
        if not len(dataset):
            raise DataError(
                f"no patch of the split {name} has a label among the {self._classes} classes",
                where=str(self._root),
                cure="add patches, or say data.classes=43",
            )
        return dataset

    def _dataset(self, name: str) -> PatchDataset:
        if name not in self._read:
            self._read[name] = PatchDataset(
                self._root, self._members(name), self._bands, self._classes, self._resolution_px
            )
        return self._read[name]

    @cached_property
    def _hashed(self) -> dict[str, list[str]]:
        try:
            return hash_split(self._names)
        except DataError as error:
            raise DataError(error.what, where=str(self._root), cure=error.cure) from error

    def _members(self, name: str) -> list[str]:
        if self._lists is None:
            return self._hashed[name]
        file = _list_file(self._lists, name)
        listed = _list_names(file)
        here = set(self._names)
        absent = [patch for patch in listed if patch not in here]
        if absent or not listed:
            what = f"{len(absent):,} of its {len(listed):,} patches are not in {self._root}"
            raise DataError(
                f"{what} (the first is {absent[0]})" if absent else "names no patch",
                where=str(file),
                cure="unpack the whole archive, or say data.splits=null to split what is there",
            )
        return listed


class PatchDataset:
    """Inputs (channels, resolution_px, resolution_px) and targets (classes,), both float32.

    Labels are read at construction, pixels when a sample is asked for. Besides the protocol:
    `names` of the patches, `targets` of all, `left_out`: how many patches have no label among the
    classes.
    """

    def __init__(
        self, root: Path, names: Sequence[str], bands: Sequence[str], classes: int, edge: int
    ) -> None:
        self._root, self._bands, self._edge = root, tuple(bands), edge
        rows = [read_labels(label_file(root / name), classes) for name in names]
        kept = [place for place, row in enumerate(rows) if row]
        self.names = tuple(names[place] for place in kept)
        self.left_out = len(names) - len(kept)
        self._targets = np.zeros((len(kept), classes), np.float32)
        for target, place in zip(self._targets, kept, strict=True):
            target[rows[place]] = 1

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        folder = self._root / self.names[index]
        image = np.empty((len(self._bands), self._edge, self._edge), np.float32)
        for place, band in enumerate(self._bands):
            pixels = read_band(band_file(folder, band), BANDS[band].px)
            image[place] = resample(pixels, self._edge)
        return image, self._targets[index].copy()

    def targets(self) -> Any:
        return self._targets.copy()


def _patch_names(root: Path) -> list[str]:
    cure = "name the folder of version 1 that holds S2A_MSIL2A_20170613T101031_87_48 and the like"
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if _PATCH.fullmatch(entry.name)]
    except OSError as error:
        reason = f"cannot be read as a folder: {error.strerror}"
        raise DataError(reason, where=str(root), cure=cure) from error
    if not names:
        raise DataError("there are no patches in this folder", where=str(root), cure=cure)
    return sorted(names)


def _list_file(folder: Path, name: str) -> Path:
    for file in (folder / f"{name}.csv", folder / f"{name}.csv.bz2"):
        if file.is_file():
            return file
    raise DataError(
        f"has no {name}.csv and no {name}.csv.bz2",
        where=str(folder),
        cure="name a folder with the official lists, or say data.splits=null",
    )


def _list_names(file: Path) -> list[str]:
    try:
        content = file.read_bytes()
        text = (bz2.decompress(content) if file.suffix == ".bz2" else content).decode()
    except (OSError, ValueError) as error:
        raise DataError(
            "cannot be read as a list of patch names", where=str(file), cure="download it again"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
