"""Tables that did not come from joulelab go through the same analysis."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from joulelab.analysis.configurations import Comparison, compare
from joulelab.analysis.sources.tables import TableSource
from joulelab.analysis.table import Runs
from joulelab.errors import ConfigError, DataError

KEYS = (
    "energy", "energies", "u_energy", "quality", "factors", "panel", "duration", "id", "name",
    "provenance",
)  # fmt: skip
ROWS = {
    "net": ["a", "a", "b", "b"],
    "depth": [1, 1, 2, 2],
    "wh": [1.0, 1.2, 3.0, 3.4],
    "plug": [2.0, 2.2, 0.0, 6.4],
    "auc": [0.7, 0.7, 0.9, 0.8],
    "seconds": [10, 11, 20, 21],
}
PLAIN = {"energy": "wh", "energy_unit": "Wh", "quality": "auc", "factors": ["net", "depth"]}


def source(path: Path, **columns: Any) -> TableSource:
    given = {**dict.fromkeys(KEYS), "energy_unit": "J", **columns}
    return TableSource(OmegaConf.create({"file": str(path), "columns": given}))


def read(path: Path, **columns: Any) -> Runs:
    return source(path, **columns).read(None, "energy_j")


def compared(path: Path, **columns: Any) -> list[Comparison]:
    asked = source(path, **columns)
    return compare(asked.read(None, "energy_j"), asked.quality)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "runs.csv"
    pd.DataFrame(ROWS).to_csv(path, index=False)
    return path


def test_rows_that_agree_in_all_factors_are_repeats(table: Path) -> None:
    (comparison,) = compared(table, **PLAIN)
    rows = comparison.table.set_index("configuration")
    assert comparison.data == "runs"
    assert rows["n"].to_dict() == {"net=b": 2, "net=a": 2}
    assert rows.loc["net=a", "energy_j"] == pytest.approx(1.1 * 3600)
    assert rows.loc["net=a", "energy_j_u"] == pytest.approx(0.1 * 3600)
    assert rows.loc["net=b", "quality"] == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("unit", "joules"), [("J", 1), ("kJ", 1e3), ("MJ", 1e6), ("mWh", 3.6), ("Wh", 3600), ("kWh", 3.6e6)]
)  # fmt: skip
def test_every_unit_becomes_joules(table: Path, unit: str, joules: float) -> None:
    runs = read(table, **{**PLAIN, "energy_unit": unit})
    assert runs.table["energy_j"].tolist() == pytest.approx([joules * wh for wh in ROWS["wh"]])


def test_several_instruments_stand_side_by_side(table: Path) -> None:
    runs = read(table, energies={"plug": "plug", "estimate": "wh"}, quality="auc")
    assert runs.instruments == {"plug": "energy_j/run/plug", "estimate": "energy_j/run/estimate"}
    assert runs.table["energy_j"].tolist() == ROWS["plug"]
    assert runs.left_out["why"].tolist() == [
        "energy_j is exactly 0 J: less than its instrument resolves"
    ]


def test_one_of_the_instruments_can_be_the_headline(table: Path) -> None:
    energies = {"plug": "plug", "codecarbon": "wh"}
    runs = read(table, energies=energies, energy="codecarbon", quality="auc")
    assert runs.table["energy_j"].tolist() == ROWS["wh"]
    assert set(runs.table["provenance"]) == {"estimated"}


def test_a_panel_is_a_front_a_value(table: Path) -> None:
    found = compared(table, **{**PLAIN, "factors": ["depth"], "panel": "net"})
    assert [(each.data, len(each.table)) for each in found] == [("a", 1), ("b", 1)]


@pytest.mark.parametrize("form", ["csv.gz", "parquet", "semicolons", "byte order mark"])
def test_every_form_of_file_says_the_same(table: Path, tmp_path: Path, form: str) -> None:
    frame, expected = pd.DataFrame(ROWS), read(table, **PLAIN).table["energy_j"].tolist()
    path = tmp_path / ("other.parquet" if form == "parquet" else "other.csv")
    if form == "parquet":
        frame.to_parquet(path)
    elif form == "csv.gz":
        path.write_bytes(gzip.compress(table.read_bytes()))
    else:
        separator = ";" if form == "semicolons" else ","
        frame.to_csv(path, index=False, sep=separator, encoding="utf-8-sig")
    assert read(path, **PLAIN).table["energy_j"].tolist() == expected


def test_what_is_no_finite_number_is_left_out_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("id,j,auc\na,1,0.5\nb,,0.5\nc,inf,0.5\nd,much,0.5\ne,2,\nf,2,high\na,3,0.6\n")
    asked = source(path, energy="j", quality="auc", id="id")
    runs = asked.read(None, "energy_j")
    compare(runs, asked.quality)
    assert dict(zip(runs.left_out["run_id"], runs.left_out["why"], strict=True)) == {
        "a": "duplicated id: a later run has the same",
        "b": "no energy_j: nothing weighed it",
        "c": "energy_j is infinite",
        "d": "energy_j is not a number",
        "e": "no auc",
        "f": "auc is not a number",
    }
    assert len(runs.kept) == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"energy": "wH"}, r"columns\.energy: runs\.csv has no column 'wH'; did you mean wh\?"),
        ({"energies": {"x": "plg"}}, r"columns\.energies\.x: .*did you mean plug\?"),
        ({"factors": ["nets"]}, r"columns\.factors: .*did you mean net\?"),
        ({"quality": None}, r"columns\.quality: needs a column"),
        ({"energy": None}, r"columns\.energy: needs a column"),
        ({"energy_unit": "kwh"}, r"columns\.energy_unit: 'kwh' is no unit"),
        ({"provenance": "guess"}, r"columns\.provenance: runs\.csv has no column 'guess'"),
    ],
)
def test_a_wrong_column_is_one_sentence(table: Path, columns: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(table, **{**PLAIN, **columns})


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\xff", b"a,b\n", b"PAR1"])
def test_a_file_that_is_no_table_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(content)
    with pytest.raises((DataError, ConfigError), match=r"runs\.csv"):
        read(path, **PLAIN)


@pytest.fixture(scope="module")
def shared() -> Path:
    folder = os.environ.get("JOULELAB_SHARED_DATA")
    if not folder:
        pytest.skip("JOULELAB_SHARED_DATA is not set")
    return Path(folder)


def test_the_fronts_of_butter_e_have_their_known_sizes(shared: Path) -> None:
    found = compared(
        shared / "pareto/buttere.csv.gz",
        energy="Energy test",
        quality="Accuracy test",
        factors=["shape", "size", "depth"],
        panel="hardware_type",
    )
    sizes = {each.data: int(each.table["front"].sum()) for each in found}
    assert sizes == {"cpu1": 22, "cpu2": 20, "gpu1": 18, "gpu2": 14}


def test_the_front_of_cifar_is_three_pretrained_nets(shared: Path) -> None:
    (comparison,) = compared(
        shared / "pareto/cifar100.csv",
        energy="Energy train",
        quality="Accuracy test",
        factors=["Model", "Pretrained"],
    )
    front = comparison.table[comparison.table["front"]]
    assert front["Model"].tolist() == ["EfficientNet B0", "ResNet18", "ShuffleNet V2"]
    assert front["Pretrained"].all()


def test_the_plug_of_the_performance_study_saw_nothing_in_416_runs(shared: Path) -> None:
    runs = read(
        shared / "performance_tracking/verlynde_change_runs.csv",
        energies={"plug": "energy_plug_kwh", "codecarbon": "energy_codecarbon_kwh"},
        energy_unit="kWh",
        quality="auc",
        factors=["window", "threads", "method", "n_images"],
    )
    assert len(runs.table) == 1010
    assert (runs.left_out["why"].str.contains("exactly 0 J")).sum() == 416
    plug, estimate = (runs.table[column] for column in runs.instruments.values())
    assert np.corrcoef(plug, estimate)[0, 1] == pytest.approx(0.982855, abs=1e-6)
