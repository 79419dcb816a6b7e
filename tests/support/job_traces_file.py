"""Small Parquet files with the columns of the shipped job traces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHANNELS = (
    "power_w",
    "user_s",
    "system_s",
    "resident_bytes",
    "read_bytes_s",
    "written_bytes_s",
)
KINDS = ("hashing", "sorting", "waiting")


def rows(rounds: int = 5, kinds=KINDS, samples: int = 60) -> list[dict]:
    """One trace a kind and round; all values positive, lengths differ by one from trace to trace."""
    listed = []
    for number in range(rounds):
        for place, kind in enumerate(kinds):
            seed = 1000 * number + place
            random = np.random.default_rng(seed)
            length = samples + seed % 3
            listed.append(
                {
                    "trace_id": f"{kind}-{number:03d}",
                    "kind": kind,
                    "round": number,
                    "seed": seed,
                    "duration_s": length / 10,
                    **{name: random.uniform(1, 2 + place, length).tolist() for name in CHANNELS},
                }
            )
    return listed


def write(path: Path, listed: list[dict] | None = None, without: str | None = None) -> Path:
    table = pa.Table.from_pylist(rows() if listed is None else listed)
    if without is not None:
        table = table.drop_columns([without])
    pq.write_table(table, path)
    return path
