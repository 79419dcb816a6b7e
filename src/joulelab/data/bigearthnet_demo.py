"""Synthesised patches in the layout of BigEarthNet version 1, for trials without the archive."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np

from joulelab.data.bigearthnet import BigEarthNet
from joulelab.data.bigearthnet_labels import BANDS, CLASSES_43
from joulelab.data.bigearthnet_patch import band_file, label_file, resample
from joulelab.errors import ConfigError, DataError
from joulelab.records import DataSpec

_RECIPE = 1  # of the pixels below: folders of another one are not read again
_EDGE_PX = 120
_EDGE_M = 1200

# Digital numbers of B01 .. B12 in technical order: rough means of each cover in summer.
_COVERS = {
    "built": (900, 1000, 1150, 1250, 1450, 1750, 1900, 2000, 2050, 2100, 2000, 1750),
    "bare": (700, 900, 1200, 1500, 1750, 1950, 2100, 2200, 2350, 2400, 2900, 2500),
    "crops": (400, 500, 800, 700, 1200, 2500, 3000, 3200, 3300, 3300, 2200, 1300),
    "grass": (350, 420, 750, 560, 1150, 2900, 3500, 3700, 3800, 3800, 2000, 1050),
    "shrub": (330, 380, 560, 520, 900, 1700, 2000, 2150, 2250, 2250, 1700, 950),
    "forest": (250, 250, 400, 280, 650, 1700, 2050, 2150, 2300, 2300, 1150, 550),
    "wet": (330, 380, 560, 480, 800, 1300, 1450, 1550, 1600, 1600, 900, 500),
    "water": (350, 320, 280, 170, 150, 130, 130, 120, 110, 100, 60, 40),
}
# Cover of each of the 43 classes, in their order.
_COVER_OF = (
    *("built",) * 6,
    *("bare",) * 3,
    *("grass",) * 2,
    *("crops",) * 3,
    *("shrub",) * 3,
    "grass",
    *("crops",) * 2,
    *("shrub",) * 2,
    *("forest",) * 3,
    "grass",
    *("shrub",) * 3,
    *("bare",) * 4,
    *("wet",) * 5,
    *("water",) * 5,
)
# Classes that lie side by side, by place among the 43.
_SCENES = (
    (11, 17, 19, 20, 22, 39),
    (11, 12, 13, 14, 15, 16, 18, 20),
    (23, 24, 22, 28, 34, 39, 32),
    (20, 21, 22, 26, 27, 28, 16),
    (1, 0, 2, 3, 8, 9, 10, 11, 5),
    (42, 29, 35, 37, 40, 41, 4, 36),
    (25, 31, 26, 30, 23, 6, 7),
    (38, 33, 39, 17, 22, 24),
)
_KEPT_FIRST = 3  # so many classes at the head of each scene stand among the 19, too


class BigEarthNetDemo(BigEarthNet):
    """BigEarthNet on synthesised patches, which are written below `root` once and read like real ones.

    Each class has its own spectrum and grain, patches hold one to four of them; shares, seasons and
    borders of the real data are not imitated. The same `patches` and `seed` give the same patches.
    """

    def __init__(
        self,
        root: str | Path,
        patches: int = 300,
        bands: Literal["rgb", "all"] = "rgb",
        classes: Literal[19, 43] = 19,
        seed: int = 0,
        resolution_px: int = 120,
    ) -> None:
        if patches < 3:
            raise ConfigError(
                f"{patches} patches cannot fill train, val and test",
                where="data.patches",
                cure="say data.patches=300",
            )
        if seed < 0:
            raise ConfigError(f"{seed} is below zero", where="data.seed", cure="say data.seed=0")
        folder = _written(Path(root).expanduser(), patches, seed)
        super().__init__(folder, bands, classes, resolution_px=resolution_px)

    @property
    def spec(self) -> DataSpec:
        return dataclasses.replace(
            super().spec,
            name="bigearthnet_demo (synthetic)",
            synthetic=True,
            source="synthesised in the layout of BigEarthNet version 1: no satellite saw it",
        )


def _written(root: Path, patches: int, seed: int) -> Path:
    """The folder of these patches; they appear all at once, or not at all."""
    folder = root / f"recipe{_RECIPE}_patches{patches}_seed{seed}"
    if folder.is_dir():
        return folder
    scratch: Path | None = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=root))
        whole = scratch / folder.name
        whole.mkdir()
        for index in range(patches):
            _write_patch(whole, index, np.random.default_rng((seed, index)))
        whole.rename(folder)
    except OSError as error:
        # Another process may have been faster; its patches are the same.
        if not folder.is_dir():
            raise DataError(
                f"patches cannot be written here: {error.strerror}",
                where=str(root),
                cure="name a folder with room that can be written",
            ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _write_patch(root: Path, index: int, random: Any) -> None:
    import tifffile

    column, row = index % 90, index // 90
    ulx, uly = 300_000 + _EDGE_M * column, 5_400_000 - _EDGE_M * row
    folder = root / f"S2A_MSIL2A_20170613T101031_{column}_{row}"
    folder.mkdir()
    labels = _draw_labels(random)
    for band, pixels in zip(BANDS, _draw_pixels(labels, random), strict=True):
        px = BANDS[band].px
        native = pixels.reshape(px, _EDGE_PX // px, px, _EDGE_PX // px).mean(axis=(1, 3))
        scale = float(_EDGE_M / px)
        tifffile.imwrite(
            band_file(folder, band),
            np.clip(np.rint(native), 1, 10_000).astype(np.uint16),
            rowsperstrip=4080 // px,
            metadata=None,
            software=False,
            extratags=[  # GeoTIFF: pixel scale, tie point, projected on WGS 84 / UTM zone 33N
                (33550, 12, 3, (scale, scale, 0.0), True),
                (33922, 12, 6, (0.0, 0.0, 0.0, float(ulx), float(uly), 0.0), True),
                (34735, 3, 12, (1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32633), True),
            ],
        )
    content = {
        "labels": [CLASSES_43[label] for label in labels],
        "coordinates": {"ulx": ulx, "uly": uly, "lrx": ulx + _EDGE_M, "lry": uly - _EDGE_M},
        "projection": 'PROJCS["WGS 84 / UTM zone 33N",AUTHORITY["EPSG","32633"]]',
        "tile_source": "synthesised",
        "acquisition_date": "2017-06-13 10:10:31",
    }
    label_file(folder).write_text(json.dumps(content))


def _draw_labels(random: Any) -> list[int]:
    """One to four classes of one scene, at least one of them among the 19."""
    scene = _SCENES[random.integers(len(_SCENES))]
    first = scene[random.integers(_KEPT_FIRST)]
    others = random.permutation([label for label in scene if label != first])
    return sorted([first, *map(int, others[: random.integers(4)])])


def _draw_pixels(labels: list[int], random: Any) -> Any:
    """(12, 120, 120) digital numbers: one patchwork of the classes, seen by all bands."""
    ground = np.stack([resample(random.random((5, 5)), _EDGE_PX) for _ in labels])
    # With a common maximum each class wins at least where its own lies.
    owner = (ground / ground.max(axis=(1, 2), keepdims=True)).argmax(axis=0)
    image = np.empty((len(BANDS), _EDGE_PX, _EDGE_PX), np.float32)
    for place, label in enumerate(labels):
        grain = resample(random.standard_normal((8 + 2 * label,) * 2), _EDGE_PX)
        cover = _spectrum(label)[:, None] * (1 + 0.15 * grain[owner == place])
        image[:, owner == place] = cover
    light = random.normal(1, 0.05)
    return image * light + random.normal(0, 30, image.shape).astype(np.float32)


def _spectrum(label: int) -> Any:
    """(12,): the cover's digital numbers, tinted by class; the same for every seed."""
    tint = np.random.default_rng(label).uniform(0.7, 1.3, len(BANDS))
    return np.asarray(_COVERS[_COVER_OF[label]], np.float32) * tint.astype(np.float32)
