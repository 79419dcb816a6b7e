"""The growing record of a run: append-only files that a killed process leaves readable.

`trace.json`   channel declarations in the order of their index, and the anchor
`trace.bin`    one record a sample: int64 monotonic ns, uint16 channel index, float64 value
`collected.bin`  the same records, delivered after the run; they replace what was read live
`phases.jsonl` one line a phase edge: `{"edge": "begin" | "end", "name": ..., "time_ns": ...}`

Little endian, no padding. Whatever was only half written at the end of a file is not read.
"""

from __future__ import annotations

import dataclasses
import json
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from joulelab.errors import DataError
from joulelab.records import Channel, Instant

HEADER = "trace.json"
LIVE = "trace.bin"
COLLECTED = "collected.bin"
EDGES = "phases.jsonl"
FORMAT = 1

RECORD = struct.Struct("<qHd")


class StreamWriter:
    """Appends to the stream of a run folder. Any thread may append, also after `close`: in vain.

    Samples wait in memory until `flush`: what a kill loses is what came after it. A full disk makes
    them wait longer, and `trouble` says so.
    """

    def __init__(self, folder: Path, channels: Mapping[str, Channel], anchor: Instant) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.index = {channel_id: index for index, channel_id in enumerate(channels)}
        self.trouble: str | None = None
        self._channels = channels
        self._lock = Lock()
        self._samples = bytearray()
        self._edges = bytearray()
        (folder / COLLECTED).unlink(missing_ok=True)
        self.anchor(anchor)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        self._samples_fd = os.open(folder / LIVE, flags, 0o644)
        self._edges_fd = os.open(folder / EDGES, flags, 0o644)
        self._open = True

    def add(self, channels: Mapping[str, Channel]) -> None:
        """Channels of a meter that joined later; their indices follow."""
        self._channels = {**self._channels, **channels}
        self.index = {channel_id: index for index, channel_id in enumerate(self._channels)}
        self.anchor(self._anchor)

    def anchor(self, anchor: Instant) -> None:
        """Write the header, anew where the clocks turned out to have drifted."""
        self._anchor = anchor
        content = json.dumps(header(self._channels, anchor)).encode()
        write_atomically(self.folder / HEADER, content, durable=False)

    def append(self, time_ns: int, index: int, value: float) -> None:
        self.write(RECORD.pack(time_ns, index, value))

    def write(self, records: bytes) -> None:
        """Whole packed records."""
        with self._lock:
            self._samples += records

    def edge(self, edge: str, name: str, time_ns: int) -> None:
        line = json.dumps({"edge": edge, "name": name, "time_ns": time_ns}) + "\n"
        with self._lock:
            self._edges += line.encode()
        self.flush()

    def flush(self) -> None:
        with self._lock:
            if not self._open:
                return
            try:
                for fd, waiting in (
                    (self._samples_fd, self._samples),
                    (self._edges_fd, self._edges),
                ):
                    if waiting:
                        del waiting[: os.write(fd, waiting)]
                self.trouble = None
            except OSError as error:
                self.trouble = str(error)

    def collected(self, samples: Iterable[tuple[int, int, float]]) -> None:
        """Keep what a meter delivered after the run."""
        content = b"".join(RECORD.pack(*sample) for sample in samples)
        with self._lock, (self.folder / COLLECTED).open("ab") as file:
            file.write(content)

    def close(self) -> None:
        self.flush()
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._samples_fd)
                os.close(self._edges_fd)


def header(channels: Mapping[str, Channel], anchor: Instant | None) -> dict[str, Any]:
    declared = [{"id": name, **dataclasses.asdict(channel)} for name, channel in channels.items()]
    return {"format": FORMAT, "channels": declared, "anchor": anchor and anchor._asdict()}


def parse_header(text: str | bytes, where: str) -> tuple[dict[str, Channel], Instant | None]:
    """DataError where `text` is not what `header` wrote."""
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise DataError(
                f"trace format {fields['format']} is not {FORMAT}",
                where=where,
                cure="read it with the version of joulelab that wrote it",
            )
        declared = ((dict(channel), channel["id"]) for channel in fields["channels"])
        channels = {name: Channel(**_without_id(channel)) for channel, name in declared}
        anchor = fields["anchor"]
        return channels, None if anchor is None else Instant(**anchor)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"broken trace header ({error})", where=where, cure="this run's samples cannot be named"
        ) from error


def write_atomically(path: Path, content: bytes, durable: bool = True) -> None:
    """All of it or nothing through a kill and, where `durable`, a power cut too."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def _without_id(channel: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in channel.items() if key != "id"}
