"""Records the data set `job_traces` on this machine: about 40 minutes for 30 rounds.

    python scripts/record_job_traces.py --rounds 30 --out src/joulelab/data/job_traces.parquet

Every round runs each kind of `job_workloads.py` once under `joulelab measure`, with new parameters.
Finished traces wait in `<out>.parts/`, so that an interrupted recording goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from job_workloads import KINDS

from joulelab import machine
from joulelab.meters.tracing import trace
from joulelab.records import Trace

SAMPLE_HZ = 10.0
WATTS_PER_CORE = 4.0
SEARCH_PERIOD_S = 0.05
SECONDS = (5.1, 6.5)
POSSIBLE = 1.1
"""A sample of more than this share of what all cores draw was read late: the trace is taken again."""
ATTEMPTS = 20
RATES = {
    "power_w": "cpu",
    "user_s": "user_s",
    "system_s": "system_s",
    "read_bytes_s": "read_bytes",
    "written_bytes_s": "written_bytes",
}
LEVELS = {"resident_bytes": "resident_bytes"}
FOLDER = Path(__file__).resolve().parent


def record_one(kind: str, seconds: float, seed: int) -> Trace:
    """The trace of one program; its samples start before the program does and end after it."""
    with tempfile.TemporaryDirectory() as scratch:
        program = [sys.executable, str(FOLDER / "job_workloads.py"), kind]
        command = [sys.executable, "-m", "joulelab.cli", "measure", "meter=cpu_estimate"]
        command += ["tracking=none", "idle_s=0", "idle_after_s=0", f"sample_hz={2 * SAMPLE_HZ}"]
        command += [f"meter.cpu_estimate.watts_per_core={WATTS_PER_CORE}"]
        command += [f"meter.cpu_estimate.search_period_s={SEARCH_PERIOD_S}"]
        command += [f"paths.outputs={scratch}", "--", *program]
        command += ["--seconds", f"{seconds:.2f}", "--seed", str(seed)]
        done = subprocess.run(
            command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if done.returncode != 0:
            sys.exit(f"{kind}, seed {seed}, failed: {done.stderr}")
        (path,) = Path(scratch).glob("*/*/trace.parquet")
        return trace.load(path)


def resample(recorded: Trace) -> dict[str, list[float]]:
    """Channels on a 10 Hz grid over the phase `fit`: mean rates of counters, means of levels."""
    (fit,) = [phase for phase in recorded.phases if phase.name == "fit"]
    step_ns = 1e9 / SAMPLE_HZ
    grid_ns = fit.start_ns + step_ns * np.arange(int((fit.stop_ns - fit.start_ns) / step_ns) + 1)
    columns: dict[str, list[float]] = {}
    for name, channel in {**RATES, **LEVELS}.items():
        times_ns = np.asarray(recorded.times_ns[f"cpu_estimate.{channel}"], float)
        values = np.asarray(recorded.values[f"cpu_estimate.{channel}"], float)
        at_grid = np.interp(grid_ns, times_ns, values)
        new = np.diff(at_grid) * SAMPLE_HZ if name in RATES else at_grid[1:]
        columns[name] = [float(f"{value:.4g}") for value in new]
    return columns


def undisturbed(kind: str, seconds: float, seed: int) -> dict[str, list[float]]:
    most_w = POSSIBLE * WATTS_PER_CORE * (os.cpu_count() or 1)
    for _ in range(ATTEMPTS):
        columns = resample(record_one(kind, seconds, seed))
        if max(columns["power_w"]) <= most_w:
            return columns
        print(f"{kind}, seed {seed}: more than the cores can draw, once more", flush=True)
    sys.exit(f"{kind}, seed {seed}: {ATTEMPTS} times disturbed; leave the machine alone")


def record_round(number: int, parts: Path) -> None:
    order = sorted(KINDS)
    random.Random(number).shuffle(order)
    for kind in order:
        part = parts / f"{number:03d}-{kind}.json"
        if part.exists():
            continue
        seed = number * 1000 + sorted(KINDS).index(kind)
        seconds = random.Random(seed).uniform(*SECONDS)
        columns = undisturbed(kind, seconds, seed)
        row: dict[str, Any] = {
            "trace_id": f"{kind}-{number:03d}",
            "kind": kind,
            "round": number,
            "seed": seed,
            "duration_s": len(columns["power_w"]) / SAMPLE_HZ,
            **columns,
        }
        scratch = part.with_suffix(".tmp")
        scratch.write_text(json.dumps(row), encoding="utf-8")
        scratch.replace(part)
        print(f"{row['trace_id']:<24} {row['duration_s']:5.1f} s", flush=True)


def card(rows: list[dict[str, Any]]) -> dict[str, str]:
    about = machine.describe()
    return {
        "name": "job_traces",
        "recorded": datetime.date.today().isoformat(),
        "machine": f"{about['processor']}, {about['cores']} cores, "
        f"{machine.memory_bytes() / 2**30:.0f} GiB, Linux {platform.release()}",
        "load_average": f"{os.getloadavg()[2]:.1f} over the last 15 minutes of the recording",
        "traces": str(len(rows)),
        "kinds": str(len({row["kind"] for row in rows})),
        "sample_hz": f"{SAMPLE_HZ:g}",
        "power": f"estimated, not measured: CPU time of the process tree x {WATTS_PER_CORE:g} W "
        "per busy hardware thread",
        "resolution": f"processes are looked for every {SEARCH_PERIOD_S:g} s; a trace with a sample "
        f"above {POSSIBLE:g} of what all cores draw was disturbed and is recorded again",
        "licence": "Apache-2.0",
    }


def write(parts: Path, out: Path) -> None:
    """Parquet and card from all parts."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(parts.glob("*.json"))]
    about = card(rows)
    values = {name: pa.list_(pa.float32()) for name in (*RATES, *LEVELS)}
    fields = {
        "trace_id": pa.string(),
        "kind": pa.string(),
        "round": pa.int32(),
        "seed": pa.int32(),
        "duration_s": pa.float32(),
        **values,
    }
    schema = pa.schema(list(fields.items()), metadata={"card": json.dumps(about)})
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, out, compression="zstd", compression_level=19)
    out.with_suffix(".md").write_text(card_text(about, rows), encoding="utf-8")
    print(f"{len(rows)} traces, {out.stat().st_size} bytes: {out}")


def card_text(about: dict[str, str], rows: list[dict[str, Any]]) -> str:
    counts = {kind: sum(row["kind"] == kind for row in rows) for kind in sorted(KINDS)}
    lines = ["# job_traces: load traces of programs of ten kinds", ""]
    lines += [f"- {key.replace('_', ' ')}: {value}" for key, value in about.items()]
    lines += ["- re-recorded by: `python scripts/record_job_traces.py`", ""]
    lines += [
        "Each trace is one run of one program under `joulelab measure`: the process tree of the"
    ]
    lines += [
        "command alone, read at 20 Hz and averaged to 10 Hz. Sizes, levels, pauses and numbers"
    ]
    lines += ["of processes vary from round to round; so does the duration, the same way for every"]
    lines += ["kind. Columns: `power_w`, `user_s` and `system_s` (CPU-seconds per second),"]
    lines += ["`resident_bytes`, `read_bytes_s` and `written_bytes_s` (from and to the disk)."]
    lines += ["The power is an estimate made from CPU time: it says when and how much a"]
    lines += ["program computes, not what the machine drew.", ""]
    lines += ["| kind | traces |", "|---|---|"]
    lines += [f"| {kind} | {count} |" for kind, count in counts.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path("src/joulelab/data/job_traces.parquet"))
    chosen = parser.parse_args()
    parts = chosen.out.with_suffix(".parquet.parts")
    parts.mkdir(parents=True, exist_ok=True)
    for number in range(chosen.rounds):
        record_round(number, parts)
    write(parts, chosen.out)


if __name__ == "__main__":
    main()
