"""A folder of recordings is one command: imported once, judged by what lies beside each."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from joulelab.analysis.configurations import compare
from joulelab.analysis.sources import beside
from joulelab.analysis.sources.recorded_runs import RecordingsSource
from joulelab.analysis.table import Runs
from joulelab.errors import ConfigError, DataError
from joulelab.tracking.mlflow_store import MlflowStore


def recording(folder: Path, watts: float, **result: float) -> Path:
    """Sixty seconds of a Shelly plug."""
    folder.mkdir(parents=True)
    points = [
        {"current": 0.1, "power": watts, "timestamp": 1_700_000_000 + second, "voltage": 230.0}
        for second in range(61)
    ]
    (folder / "log.json").write_text(json.dumps(points), encoding="utf-8")
    if result:
        (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recording(tmp_path / "study" / "steps_100", 5.0, f1=0.7, loss=3.0)
    recording(tmp_path / "study" / "steps_1000", 10.0, f1=0.8, loss=2.0)
    recording(tmp_path / "study" / "idle", 2.0)
    return tmp_path / "study"


@pytest.fixture
def store(tmp_path: Path, tables: Path) -> MlflowStore:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / tables.name).write_bytes(tables.read_bytes())
    return MlflowStore(folder=tmp_path / "mlruns")


def read(folder: Path, store: MlflowStore) -> Runs:
    options = {"file": str(folder), "paths": {"outputs": str(folder.parent / "outputs")}}
    options["tracking"] = {"experiment": "joulelab"}
    return RecordingsSource(OmegaConf.create(options)).read(store, "energy_j")


def test_each_folder_is_a_run_with_its_energy_its_quality_and_its_steps(
    folder: Path, store: MlflowStore
) -> None:
    runs = read(folder, store)
    (comparison,) = compare(runs)
    assert comparison.quality == "test/f1"
    rows = comparison.table.set_index("configuration")
    assert rows["energy_j"].to_dict() == pytest.approx({"steps=1000": 600.0, "steps=100": 300.0})
    assert rows["quality"].to_dict() == {"steps=1000": 0.8, "steps=100": 0.7}
    assert runs.left_out[["name", "why"]].values.tolist() == [["idle", "no test/f1"]]


def test_a_second_look_imports_nothing_again(folder: Path, store: MlflowStore) -> None:
    first = read(folder, store).table["run_id"].tolist()
    recording(folder / "steps_5000", 20.0, f1=0.9, loss=1.0)
    second = read(folder, store).table["run_id"].tolist()
    assert len(second) == 4
    assert set(first) < set(second)


def test_a_recording_that_was_corrected_is_another_run(folder: Path, store: MlflowStore) -> None:
    read(folder, store)
    (folder / "steps_100" / "result.json").write_text('{"f1": 0.75}', encoding="utf-8")
    table = read(folder, store).table
    assert sorted(table["test/f1"].dropna()) == [0.75, 0.8]


def test_a_folder_without_a_recording_is_told_and_the_others_are_read(
    folder: Path, store: MlflowStore
) -> None:
    (folder / "notes").mkdir()
    runs = read(folder, store)
    assert len(runs.table) == 3
    assert any(note.startswith("notes is no run: ") for note in runs.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such folder"), ((), "no folder in it"), (("x",), "x is no run")],
)
def test_nothing_to_read_is_one_sentence(
    tmp_path: Path, store: MlflowStore, content: tuple[str, ...] | None, message: str
) -> None:
    empty = tmp_path / "empty"
    if content is not None:
        empty.mkdir()
        for name in content:
            (empty / name).mkdir()
    with pytest.raises((DataError, ConfigError), match=message):
        read(empty, store)


def test_settings_of_the_program_become_params(tmp_path: Path) -> None:
    folder = tmp_path / "depth=3"
    folder.mkdir()
    (folder / "config.json").write_text('{"net": {"width": 8}, "tags": [1], "x": null}')
    (folder / "training_log.csv").write_text("Epoch,Step,Loss\n1,1,0.5\n1,20,0.4\n")
    assert beside.params(folder) == {"net.width": "8", "steps": "20", "depth": "3"}


@pytest.mark.parametrize("name", ["result.json", "config.json", "training_log.csv"])
def test_a_broken_file_beside_a_recording_is_a_data_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"" if name.endswith("csv") else b"{")
    with pytest.raises(DataError, match=name):
        beside.metrics(tmp_path) | beside.params(tmp_path)  # type: ignore[operator]


def test_a_best_f1_of_anomalies_has_its_random_baseline(tmp_path: Path) -> None:
    labels = np.zeros(2000, dtype=bool)
    labels[100:200] = labels[900:1000] = True
    np.savez(tmp_path / "scores.npz", test_score=np.where(labels, -1.0, 0.0), test_label=labels)
    found = beside.baselines(tmp_path, {"test/best-f1": 1.0, "test/precision": 0.4})
    assert list(found) == ["baseline/best-f1"]
    assert 0.3 < found["baseline/best-f1"] < 1


@pytest.mark.slow
def test_the_jetson_runs_are_one_command(tmp_path: Path, store: MlflowStore) -> None:
    shared = os.environ.get("JOULELAB_SHARED_DATA")
    if not shared:
        pytest.skip("JOULELAB_SHARED_DATA is not set")
    options = {"file": f"{shared}/jetson_nano", "paths": {"outputs": str(tmp_path / "outputs")}}
    options["tracking"] = {"experiment": "joulelab"}
    runs = RecordingsSource(OmegaConf.create(options)).read(store, "energy_j")
    (comparison,) = compare(runs, "test/best-f1")
    rows = comparison.table.set_index("steps")
    assert rows.loc[100, "energy_j"] == pytest.approx(18.8e3, rel=0.02)
    assert rows.loc[1000, "energy_j"] == pytest.approx(26.9e3, rel=0.02)
    assert rows["quality"].to_dict() == pytest.approx({100: 0.8637, 1000: 0.8822}, abs=1e-4)
    assert (rows["baseline"] > rows["quality"]).all()
