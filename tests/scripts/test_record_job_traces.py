from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from support import job_traces_file, scripts

from joulelab.data.job_traces import JobTraces
from joulelab.records import Channel, Phase, Trace

record_job_traces = scripts.load("record_job_traces")
START_NS = 5_000_000_000
UNITS = {
    "cpu": "J",
    "user_s": "s",
    "system_s": "s",
    "resident_bytes": "B",
    "read_bytes": "B",
    "written_bytes": "B",
}


def recorded(seconds=6.05, watts=3.0, step_ns=50_000_000, jitter_ns=0):
    """A program that runs from START_NS: counters grow evenly inside it and stand still around it."""
    last = int((seconds + 1) * 1e9 / step_ns)
    times_ns = START_NS - 500_000_000 + step_ns * np.arange(last + 1, dtype=np.int64)
    times_ns[1:-1] += np.random.default_rng(0).integers(0, jitter_ns + 1, last - 1)
    inside_s = np.clip((times_ns - START_NS) / 1e9, 0, seconds)
    rates = {
        "cpu": watts,
        "user_s": 0.7,
        "system_s": 0.05,
        "read_bytes": 4096.0,
        "written_bytes": 0.0,
    }
    values = {f"cpu_estimate.{name}": rate * inside_s for name, rate in rates.items()}
    values["cpu_estimate.resident_bytes"] = np.full(len(times_ns), 5e7)
    channels = {
        f"cpu_estimate.{name}": Channel(
            name, "counter" if unit == "J" else "auxiliary", unit, "cpu", "estimated"
        )
        for name, unit in UNITS.items()
    }
    stop_ns = START_NS + int(seconds * 1e9)
    phases = [Phase("idle", START_NS - 500_000_000, START_NS), Phase("fit", START_NS, stop_ns)]
    return Trace(channels, dict.fromkeys(channels, times_ns), values, phases)


def test_a_trace_is_ten_samples_a_second_of_the_program_alone():
    columns = record_job_traces.resample(recorded(seconds=6.05))
    assert set(columns) == set(job_traces_file.CHANNELS)
    assert {len(values) for values in columns.values()} == {60}


@pytest.mark.parametrize("jitter_ns", [0, 20_000_000])
def test_counters_become_rates_in_their_units(jitter_ns):
    columns = record_job_traces.resample(recorded(watts=3.0, jitter_ns=jitter_ns))
    # The counters bend at the start, which the first interval sees when no sample lies there.
    np.testing.assert_allclose(columns["power_w"][1:], 3.0, rtol=1e-3)
    np.testing.assert_allclose(columns["user_s"][1:], 0.7, rtol=1e-3)
    np.testing.assert_allclose(columns["read_bytes_s"][1:], 4096, rtol=1e-3)
    assert set(columns["written_bytes_s"]) == {0.0}


def test_levels_stay_levels():
    assert set(record_job_traces.resample(recorded())["resident_bytes"]) == {5e7}


def test_no_energy_is_lost_on_the_grid():
    columns = record_job_traces.resample(recorded(seconds=6.0, watts=3.0))
    assert sum(columns["power_w"]) / 10 == pytest.approx(18.0, rel=1e-3)


def test_a_burst_keeps_its_place():
    trace = recorded(seconds=6.0)
    times_s = (trace.times_ns["cpu_estimate.cpu"] - START_NS) / 1e9
    trace.values["cpu_estimate.cpu"][:] = 10 * np.clip(times_s - 2, 0, 1)
    power_w = np.array(record_job_traces.resample(trace)["power_w"])
    np.testing.assert_allclose(power_w[20:30], 10, rtol=1e-3)
    np.testing.assert_allclose(np.delete(power_w, range(20, 30)), 0, atol=1e-3)


@pytest.fixture
def written(tmp_path):
    parts = tmp_path / "job_traces.parquet.parts"
    parts.mkdir()
    for row in job_traces_file.rows(rounds=5, kinds=sorted(record_job_traces.KINDS)):
        path = parts / f"{row['round']:03d}-{row['kind']}.json"
        path.write_text(json.dumps(row), encoding="utf-8")
    (parts / "005-hashing.tmp").write_text("{ half a trace")
    record_job_traces.write(parts, tmp_path / "job_traces.parquet")
    return tmp_path / "job_traces.parquet"


def test_what_is_written_is_a_data_set(written):
    data = JobTraces(written)
    assert data.spec.classes == tuple(sorted(record_job_traces.KINDS))
    assert [len(data.split(name)) for name in ("train", "val", "test")] == [30, 10, 10]


def test_what_is_written_holds_the_recorded_values(written):
    row = job_traces_file.rows(rounds=1, kinds=sorted(record_job_traces.KINDS))[0]
    found = pq.read_table(written, filters=[("trace_id", "=", row["trace_id"])]).to_pylist()[0]
    assert found["seed"] == row["seed"]
    np.testing.assert_allclose(found["power_w"], row["power_w"], rtol=1e-6)


def test_the_card_says_machine_method_and_licence(written):
    card = json.loads(pq.read_schema(written).metadata[b"card"])
    assert "cores" in card["machine"]
    assert card["power"].startswith("estimated, not measured")
    assert card["licence"] == "Apache-2.0"
    assert (card["traces"], card["kinds"]) == ("50", "10")


def test_the_page_counts_the_traces_of_every_kind(written):
    page = written.with_suffix(".md").read_text(encoding="utf-8")
    for kind in record_job_traces.KINDS:
        assert f"| {kind} | 5 |" in page


def test_one_program_is_recorded_for_real(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "TMPDIR", str(tmp_path)
    )  # where the lock of the machine lies: others weigh too
    trace = record_job_traces.record_one("hashing", 1.0, 0)
    columns = record_job_traces.resample(trace)
    assert len(columns["power_w"]) >= 10
    assert sum(columns["power_w"]) > 0
    assert max(columns["resident_bytes"]) > 1e6
