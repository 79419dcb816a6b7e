"""One patch of BigEarthNet version 1 as it lies on disk: twelve GeoTIFFs and a JSON file."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.data.bigearthnet_labels import class_index
from joulelab.errors import DataError

_AGAIN = "unpack this patch from the archive again"


def band_file(folder: Path, band: str) -> Path:
    return folder / f"{folder.name}_{band}.tif"


def label_file(folder: Path) -> Path:
    return folder / f"{folder.name}_labels_metadata.json"


def read_labels(file: Path, classes: int) -> list[int]:
    """Indices among 19 or 43 classes, none for labels that were dropped; DataError for a file that
    does not tell them."""
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise DataError("this label file is missing", where=str(file), cure=_AGAIN) from error
    except (OSError, ValueError) as error:
        raise DataError("cannot be read as JSON", where=str(file), cure=_AGAIN) from error
    labels = content.get("labels") if isinstance(content, dict) else None
    if not isinstance(labels, list):
        raise DataError("holds no list 'labels'", where=str(file), cure=_AGAIN)
    indices = []
    for label in labels:
        try:
            indices.append(class_index(label, classes))
        except (KeyError, TypeError) as error:
            reason = f"{label!r} is none of the 43 classes"
            raise DataError(reason, where=str(file), cure=_AGAIN) from error
    return [index for index in indices if index is not None]


def read_band(file: Path, px: int) -> Any:
    """(px, px) uint16 digital numbers; DataError for a file that holds anything else."""
    import tifffile

    try:
        # Beyond the first page there is nothing to look for, and looking takes half the time.
        with tifffile.TiffFile(file) as tiff:
            pixels = tiff.pages.first.asarray()
    except FileNotFoundError as error:
        raise DataError("this band is missing", where=str(file), cure=_AGAIN) from error
    except Exception as error:  # tifffile fails in as many ways as a file can be broken
        reason = f"cannot be read as TIFF ({type(error).__name__})"
        raise DataError(reason, where=str(file), cure=_AGAIN) from error
    if pixels.shape != (px, px) or pixels.dtype != np.uint16:
        shape = " x ".join(map(str, pixels.shape))
        raise DataError(
            f"holds {shape} pixels of {pixels.dtype}, not {px} x {px} of uint16",
            where=str(file),
            cure=_AGAIN,
        )
    return pixels


def resample(pixels: Any, edge: int) -> Any:
    """(n, n) to (edge, edge) float32, bilinear, half-pixel centres; a smaller edge is low-passed."""
    pixels = np.asarray(pixels, np.float32)
    if pixels.shape[-1] == edge:
        return pixels
    weights = _weights(pixels.shape[-1], edge)
    return weights @ pixels @ weights.T


@lru_cache
def _weights(size: int, edge: int) -> Any:
    """(edge, size): the triangle filter, as wide as the coarser of the two grids is spaced.

    Rows add up to 1, which repeats the edge pixel beyond the edge.
    """
    centres = (np.arange(edge)[:, None] + 0.5) * size / edge - 0.5
    distance = np.abs(centres - np.arange(size)) / max(1.0, size / edge)
    weights = np.maximum(0.0, 1.0 - distance)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
