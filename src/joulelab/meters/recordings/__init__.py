"""Recordings made elsewhere, as traces: so that old measurements enter the same analysis.

Formats, told apart by content: our own run folder or `trace.parquet`; a tegrastats log; a Shelly
plug's JSON list or CSV; CodeCarbon's `emissions.csv`; Flux CSV and `times.txt` of the
performance-tracking study; and a folder that holds several of them, recorded in one run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from joulelab.errors import DataError
from joulelab.meters.recordings import (
    codecarbon_csv,
    flux_file,
    shelly,
    study_times,
    tegrastats_log,
)
from joulelab.meters.recordings.axis import common_span, joined
from joulelab.meters.recordings.part import Part, broken
from joulelab.meters.tracing import trace
from joulelab.records import Trace

__all__ = ["common_span", "load"]

HEAD = 1 << 16
BINARY = 64
PARQUET = b"PAR1"
FORMATS: tuple[tuple[Callable[[str], bool], Callable[[Path, str], Part]], ...] = (
    (tegrastats_log.is_it, tegrastats_log.read),
    (shelly.is_json, shelly.read_json),
    (shelly.is_csv, shelly.read_csv),
    (codecarbon_csv.is_it, codecarbon_csv.read),
    (flux_file.is_it, flux_file.read),
    (study_times.is_it, study_times.read),
)
SAME = 0.9
"""Two logs of one kind that share so many of their stamps are one instrument's, written twice."""

CURE = (
    "known are run folders, trace.parquet, logs of tegrastats and of Shelly plugs (JSON, CSV), "
    "CodeCarbon's emissions.csv, Flux CSV, times.txt, and folders that hold several of them"
)


def load(
    path: str | Path, interval_s: float | None = None, utc_offset_h: float | None = 0.0
) -> Trace:
    """The recording at `path` with its phases, where it tells any.

    `interval_s` lies between two lines of a tegrastats log without stamps; None takes what two
    dates in it say, else 1 s. `utc_offset_h` is what local times are ahead of UTC (CodeCarbon,
    stamped tegrastats lines); None takes what makes the recordings of a folder overlap.
    DataError, with file and line, where something is broken or nothing is known.
    """
    path = Path(path)
    if path.is_dir():
        if trace.exists(path):
            return trace.load(path)
        return joined(_folder(path, interval_s), path, utc_offset_h)
    if not path.is_file():
        raise DataError("no such recording", where=str(path), cure="check the path")
    if _head(path).startswith(PARQUET):
        return trace.load(path)
    part = _file(path, interval_s)
    if part is None:
        raise DataError("no format that is known", where=str(path), cure=CURE)
    return joined([part], path, utc_offset_h)


def _folder(path: Path, interval_s: float | None) -> list[Part]:
    parts: list[Part] = []
    # JSON first: it has the plug's own figures.
    for each in sorted(path.iterdir(), key=lambda each: (each.suffix != ".json", each.name)):
        part = _file(each, interval_s) if each.is_file() else None
        if part is not None and not any(_same(part, known) for known in parts):
            parts.append(part)
    if not parts:
        raise DataError("no recording in it that is known", where=str(path), cure=CURE)
    return parts


def _file(path: Path, interval_s: float | None) -> Part | None:
    """None for a file of another kind."""
    head = _head(path)
    # Zeros further on are what a power cut leaves at the end of a log.
    if b"\0" in head[:BINARY]:
        return None
    beginning = _text(head)
    for is_it, read in FORMATS:
        if is_it(beginning):
            try:
                text = _text(path.read_bytes())
            except OSError as error:
                raise broken(f"cannot be read: {error.strerror}", path) from error
            if read is tegrastats_log.read:
                return tegrastats_log.read(path, text, interval_s)
            return read(path, text)
    return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(HEAD)
    except OSError as error:
        raise broken(f"cannot be read: {error.strerror}", path) from error


def _text(raw: bytes) -> str:
    """Lines end in \\n, however they were written; zeros are what a power cut left of a line."""
    text = raw.replace(b"\0", b"").decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _same(part: Part, known: Part) -> bool:
    if part.meter != known.meter or not part.series or not part.names() <= known.names():
        return False
    own, other = part.series[0].times_ns, known.series[0].times_ns
    shared = len(np.intersect1d(own, other))
    return shared >= SAME * max(min(len(own), len(other)), 1)
