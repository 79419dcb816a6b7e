"""A run's trace at rest: one Parquet file, sealed from the stream that the run wrote.

Columns: `time_ns` (int64, monotonic), `channel` (dictionary of ids), `value` (float64); zstd;
sorted by channel, then time. The metadata key `joulelab` holds channels, phases, anchor as JSON.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from joulelab.errors import DataError
from joulelab.meters.tracing import stream
from joulelab.meters.tracing.stream import write_atomically
from joulelab.records import Phase, Trace

SEALED = "trace.parquet"
PHASES = "phases.json"
_KEY = b"joulelab"
_RECORDS = np.dtype([("time_ns", "<i8"), ("channel", "<u2"), ("value", "<f8")])


def read_stream(folder: Path) -> Trace:
    """The samples of an unsealed run folder, by channel and in order of time.

    Phases that never ended are closed at the last sample. DataError where there is no stream.
    """
    path = folder / stream.HEADER
    if not path.is_file():
        raise DataError("no trace here", where=str(folder), cure="name the folder of a run")
    channels, anchor = stream.parse_header(path.read_bytes(), str(path))
    live, late = _records(folder / stream.LIVE), _records(folder / stream.COLLECTED)
    times_ns: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for index, channel_id in enumerate(channels):
        own, more = live[live["channel"] == index], late[late["channel"] == index]
        if len(more):
            first, last = more["time_ns"].min(), more["time_ns"].max()
            outside = (own["time_ns"] < first) | (own["time_ns"] > last)
            own = np.concatenate([own[outside], more])
        times, kept = np.unique(own["time_ns"], return_index=True)
        times_ns[channel_id] = times.astype(np.int64)
        values[channel_id] = own["value"][kept].astype(np.float64)
    end_ns = int(live["time_ns"].max()) if len(live) else 0
    return Trace(channels, times_ns, values, _phases(folder / stream.EDGES, end_ns), anchor)


def exists(folder: Path) -> bool:
    """Whether the folder holds a trace, sealed or not."""
    return (folder / stream.HEADER).exists() or (folder / SEALED).exists()


def seal(folder: Path) -> Path:
    """Turn the stream of a run folder into `trace.parquet` and `phases.json`, then remove it.

    Each file appears whole or not at all, the stream goes last: cut off anywhere, a second call
    ends it; sealed already, nothing happens. DataError where there is neither stream nor trace.
    """
    path = folder / SEALED
    if not (folder / stream.HEADER).exists() and path.exists():
        return path
    trace = read_stream(folder)
    write(trace, path)
    phases = {"anchor": trace.anchor and trace.anchor._asdict(), "phases": _listed(trace.phases)}
    write_atomically(folder / PHASES, json.dumps(phases, indent=1).encode())
    # The header goes last: while it is there, the folder counts as unsealed.
    for name in (stream.LIVE, stream.COLLECTED, stream.EDGES, stream.HEADER):
        (folder / name).unlink(missing_ok=True)
    return path


def load(path: Path) -> Trace:
    """The trace of a run folder, sealed or not, or of a trace file. DataError where it is none."""
    path = Path(path)
    if path.is_dir():
        sealed = path / SEALED
        if (path / stream.HEADER).exists() or not sealed.exists():
            return read_stream(path)
        path = sealed
    if not path.is_file():
        raise DataError(
            "no such trace", where=str(path), cure="name a run folder or its trace.parquet"
        )
    return _read(path)


def write(trace: Trace, path: Path) -> None:
    """One trace as one Parquet file, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(trace.channels)
    lengths = [len(trace.times_ns[name]) for name in names]
    indices = np.repeat(np.arange(len(names), dtype=np.int32), lengths)
    described = stream.header(trace.channels, trace.anchor) | {"phases": _listed(trace.phases)}
    table = pa.table(
        {
            "time_ns": _joined([trace.times_ns[name] for name in names], np.int64),
            "channel": pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())),
            "value": _joined([trace.values[name] for name in names], np.float64),
        }
    ).replace_schema_metadata({_KEY: json.dumps(described).encode()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    write_atomically(path, buffer.getvalue())


def _read(path: Path) -> Trace:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, memory_map=False)
        described = (table.schema.metadata or {})[_KEY]
        columns = [table.column(name) for name in ("time_ns", "channel", "value")]
    except (pa.ArrowInvalid, KeyError) as error:
        raise DataError(
            "not a joulelab trace", where=str(path), cure="name a run folder or its trace.parquet"
        ) from error
    channels, anchor = stream.parse_header(described, str(path))
    phases = [Phase(**phase) for phase in json.loads(described)["phases"]]
    times, ids, values = columns
    names = ids.combine_chunks().cast(pa.string()).to_numpy(zero_copy_only=False)
    chosen = {name: np.flatnonzero(names == name) for name in channels}
    all_times, all_values = times.to_numpy(), values.to_numpy()
    return Trace(
        channels,
        {name: all_times[rows] for name, rows in chosen.items()},
        {name: all_values[rows] for name, rows in chosen.items()},
        phases,
        anchor,
    )


def _joined(parts: Sequence[Any], dtype: Any) -> Any:
    return np.concatenate([np.asarray(part, dtype) for part in parts] or [np.empty(0, dtype)])


def _listed(phases: Sequence[Phase]) -> list[dict[str, Any]]:
    return [phase._asdict() for phase in phases]


def _records(path: Path) -> Any:
    content = path.read_bytes() if path.is_file() else b""
    return np.frombuffer(content, dtype=_RECORDS, count=len(content) // stream.RECORD.size)


def _phases(path: Path, end_ns: int) -> list[Phase]:
    lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
    open_since: list[tuple[str, int]] = []
    phases: list[Phase] = []
    for line in lines:
        event = json.loads(line)
        end_ns = max(end_ns, event["time_ns"])
        if event["edge"] == "begin":
            open_since.append((event["name"], event["time_ns"]))
        else:
            name, start_ns = open_since.pop()
            phases.append(Phase(name, start_ns, event["time_ns"]))
    phases += [Phase(name, start_ns, end_ns) for name, start_ns in open_since]
    return _in_order(phases)


def _in_order(phases: Sequence[Phase]) -> list[Phase]:
    return sorted(phases, key=lambda phase: (phase.start_ns, -phase.stop_ns, len(phase.name)))
