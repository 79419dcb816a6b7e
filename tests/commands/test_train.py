from __future__ import annotations

import json
import sqlite3

import pyarrow.parquet as pq
import pytest
from support.commands import PHASES, QUICK, records

pytestmark = pytest.mark.slow


def test_the_default_job_closes_with_quality_energy_baseline_and_place(program, tmp_path):
    done = program("train", "max_epochs=2", *PHASES)
    assert done.returncode == 0, done.stderr
    for words in ("test/f1_macro", "trivial baseline", "fit + evaluate", "±", "joulelab.db"):
        assert words in done.stdout
    assert "estimated by" in done.stdout or "measured by" in done.stdout
    (record,) = records(tmp_path)
    assert record["status"] == "FINISHED"
    assert record["metrics"]["baseline/accuracy"] == pytest.approx(0.1, abs=0.02)
    assert record["metrics"]["energy_j"] > 0
    database = sqlite3.connect(tmp_path / "mlruns" / "joulelab.db")
    keys = {key for (key,) in database.execute("select key from latest_metrics")}
    assert {"energy_j", "energy_j/fit", "curve/energy_j", "duration_s", "test/f1_macro"} <= keys
    trace = next(tmp_path.rglob("mlruns/**/trace.parquet"))
    assert pq.read_table(trace).num_rows > 10


def test_the_same_seed_gives_the_same_quality(command, tmp_path):
    for _ in range(2):
        assert command("train", *QUICK, "seed=3").returncode == 0
    first, second = (
        {key: value for key, value in record["metrics"].items() if key[:4] in ("val/", "test")}
        for record in records(tmp_path)
    )
    assert first == second


def test_a_multirun_goes_on_after_a_failed_job(command, tmp_path):
    done = command("train", "-m", *QUICK, "model=minirocket,spectrogram_cnn", "lr=1e-3,-1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "1 of 4 configurations failed" in done.stderr
    assert len(records(tmp_path)) == 3
    assert len({record["tags"]["pid"] for record in records(tmp_path)}) == 3
    assert len({record["tags"]["sweep_id"] for record in records(tmp_path)}) == 1
    assert command("analyze").returncode == 0


def test_repeats_differ_in_seed_and_share_their_hash(command, tmp_path):
    done = command("train", *QUICK, "model=minirocket", "repeats=2")
    assert done.returncode == 0, done.stderr
    found = records(tmp_path)
    assert {record["tags"]["seed"] for record in found} == {"0", "1"}
    assert len({record["tags"]["config_hash"] for record in found}) == 1
    assert "2 repeats" in done.stdout


def test_a_replayed_measurement_is_called_measured(command, tmp_path):
    recorded = command("measure", "meter=cpu_estimate", "tracking=none", "--", "sleep", "1")
    assert recorded.returncode == 0, recorded.stderr
    folder = next((tmp_path / "outputs").glob("*/*"))
    done = command(
        "train", *QUICK, "model=minirocket", "meter=replay", f"meter.replay.path={folder}",
        "meter.replay.loop=true",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "replay" in done.stdout


BAD = [
    (["model=incepton"], ["did you mean inception?"]),
    (["lr=fast"], ["lr", "number"]),
    (["lrr=1"], ["did you mean lr?"]),
    (["lr=-1"], ["lr"]),
    (["data.path=/nowhere.parquet"], ["/nowhere.parquet"]),
    (["data=bigearthnet", "model=scnn_rgb"], ["data.root"]),
    (["data=bigearthnet", "data.root=/nowhere", "model=scnn_rgb"], ["/nowhere"]),
    (["meter=rapl", "meter.rapl.root=/nowhere"], ["/nowhere"]),
    (["hardware.precision=fp8"], ["hardware.precision"]),
    (["repeats=0"], ["repeats"]),
    (["seed=99999999999999999999"], ["seed", "between 0 and"]),
    (["seed=-1"], ["seed", "between 0 and"]),
    (["data.root=/x"], ["data.root", "bigearthnet"]),
    (["lr=1e-3,1e-4"], ["lr=1e-3,1e-4", "-m"]),
    (["paths.outputs=/etc/passwd"], ["/etc/passwd", "paths.outputs"]),
    (["tracking.uri=http://127.0.0.1:9", "tracking.timeout_s=1"], ["127.0.0.1:9"]),
]


@pytest.mark.parametrize(("overrides", "words"), BAD, ids=lambda x: x[0] if x else "")
def test_a_users_mistake_is_one_sentence(command, refused, overrides, words):
    refused(command("train", "idle_s=0", "warmup_s=0", *overrides), *words)


def test_a_store_of_a_newer_schema_is_refused_before_anything_runs(command, refused, tmp_path):
    assert command("measure", "idle_s=0", "--", "true").returncode == 0
    database = sqlite3.connect(tmp_path / "mlruns" / "joulelab.db")
    with database:
        database.execute("update alembic_version set version_num = 'ffffffffffff'")
    database.close()
    refused(command("train", *QUICK), "mlruns")
    assert json.dumps([record["status"] for record in records(tmp_path)]) == '["FINISHED"]'


def test_a_locked_store_is_refused(command, refused, tmp_path):
    assert command("measure", "idle_s=0", "--", "true").returncode == 0
    holder = sqlite3.connect(tmp_path / "mlruns" / "joulelab.db")
    holder.execute("begin exclusive")
    try:
        refused(command("train", *QUICK, "tracking.timeout_s=1"), "lock")
    finally:
        holder.rollback()
        holder.close()
