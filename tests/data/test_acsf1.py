from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from support.file_server import FileServer

from joulelab.data.acsf1 import CLASSES, LENGTH, Acsf1, parse
from joulelab.errors import DataError

SPLITS = ("train", "val", "test")


def series(number, count):
    """A `.ts` file of `count` series a class, all different."""
    random = np.random.default_rng(number)
    lines = ["# a comment with a : and a , in it", "@problemName ACSF1", "@data"]
    for label in CLASSES:
        rows = random.standard_normal((count, LENGTH)).round(3)
        lines += [",".join(map(str, values)) + f":{label}" for values in rows]
    return ("\n".join(lines) + "\n").encode()


def archive(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            # ZipInfo bears a fixed date: the hash of the archive must not change with the clock.
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


GOOD = {"ACSF1/ACSF1_TRAIN.ts": series(0, 5), "ACSF1/ACSF1_TEST.ts": series(1, 3), "about": b"x"}


@pytest.fixture
def server():
    files = {
        "/good.zip": archive(GOOD),
        "/half.zip": archive({"ACSF1_TRAIN.ts": GOOD["ACSF1/ACSF1_TRAIN.ts"]}),
        "/page.zip": b"<html>moved</html>",
        "/broken.zip": archive(GOOD)[:5000] + b"\0" * 5000 + archive(GOOD)[10_000:],
    }
    with FileServer(files) as running:
        yield running


def downloaded(server, tmp_path, name="good", sha256=None):
    return Acsf1(tmp_path / "acsf1", server.url(f"/{name}.zip"), sha256, packaged=False)


def read_all(data):
    return [data.split(name).arrays() for name in SPLITS]


def test_the_test_set_is_the_official_one(tmp_path):
    _, targets = Acsf1(tmp_path).split("test").arrays()
    assert np.bincount(targets).tolist() == [10] * 10


def test_train_and_val_are_stratified_parts_of_the_official_training_set(tmp_path):
    data = Acsf1(tmp_path)
    assert np.bincount(data.split("train").targets()).tolist() == [8] * 10
    assert np.bincount(data.split("val").targets()).tolist() == [2] * 10


def test_every_series_is_z_normalised_as_the_unit_says(tmp_path):
    data = Acsf1(tmp_path)
    assert data.spec.units == ("1",)
    for name in SPLITS:
        inputs, _ = data.split(name).arrays()
        np.testing.assert_allclose(inputs.mean(axis=2), 0, atol=1e-5)
        np.testing.assert_allclose(inputs.std(axis=2), 1, atol=1e-5)


def test_one_of_each_four_values_is_as_steady_as_a_voltage(tmp_path):
    inputs, _ = Acsf1(tmp_path).split("test").arrays()
    assert inputs[:, 0, 2::4].std(axis=1).max() < 0.05
    assert inputs[:, 0, 1::4].std(axis=1).max() > 1


def test_reads_what_aeon_reads(tmp_path):
    datasets = pytest.importorskip("aeon.datasets")
    folder = sys.modules["aeon"].__path__[0]
    inputs, labels = datasets.load_from_ts_file(f"{folder}/datasets/data/ACSF1/ACSF1_TEST.ts")
    own, targets = Acsf1(tmp_path).split("test").arrays()
    np.testing.assert_allclose(own, inputs, rtol=1e-6)
    assert targets.tolist() == [int(label) for label in labels]


def test_reading_the_shipped_files_imports_no_aeon(tmp_path):
    code = "import sys; from joulelab.data.acsf1 import Acsf1; Acsf1(sys.argv[1]).split('train');"
    code += "print([name for name in sys.modules if name.split('.')[0] in ('aeon', 'sklearn')])"
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_asks_no_network_while_the_package_ships_the_files(server, tmp_path):
    Acsf1(tmp_path / "acsf1", server.url("/good.zip")).split("train")
    assert server.asked == []
    assert not (tmp_path / "acsf1").exists()


def test_downloads_once_what_the_package_does_not_ship(server, tmp_path):
    data = downloaded(server, tmp_path)
    assert [len(data.split(name)) for name in SPLITS] == [40, 10, 30]
    assert len(downloaded(server, tmp_path).split("test")) == 30
    assert server.asked == ["/good.zip"]
    assert [path.name for path in (tmp_path / "acsf1").iterdir()] == ["ACSF1.zip"]


def test_asks_no_network_before_a_split_is_read(server, tmp_path):
    downloaded(server, tmp_path)
    assert server.asked == []


def test_checks_the_hash_where_one_is_given(server, tmp_path):
    right = hashlib.sha256(archive(GOOD)).hexdigest()
    assert len(downloaded(server, tmp_path, sha256=right).split("val")) == 10


def test_refuses_another_hash(server, tmp_path):
    with pytest.raises(DataError, match="SHA-256"):
        downloaded(server, tmp_path, sha256="0" * 64).split("val")
    assert list((tmp_path / "acsf1").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("half", "no zip archive that holds ACSF1_TEST.ts"),
        ("page", "no zip archive that holds ACSF1_TRAIN.ts"),
        ("broken", "no zip archive that holds ACSF1_TRAIN.ts"),
        ("absent", "404"),
    ],
)
def test_an_archive_that_is_none_is_one_sentence(server, tmp_path, name, reason):
    with pytest.raises(DataError, match=reason) as error:
        read_all(downloaded(server, tmp_path, name))
    assert error.value.cure
    assert "\n" not in str(error.value)


ROW = ",".join(["0.5"] * LENGTH)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "@data\n",
        f"{ROW}:1\n",
        f"@data\n{ROW}:10\n",
        f"@data\n{ROW}:\n",
        f"@data\n{ROW}\n",
        f"@data\n{ROW},0.5:1\n",
        f"@data\n{ROW}:1\n0.5:1\n",
        f"@data\n?{ROW}:1\n",
        f"@data\nnan{ROW[3:]}:1\n",
        f"@data\n{ROW}:\u00e9\n",
    ],
)
def test_refuses_what_is_not_this_data_set(content):
    with pytest.raises(DataError, match="here: is not the ACSF1"):
        parse(content.encode(), "here")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n"])
def test_reads_every_line_ending(ending):
    inputs, targets = parse(ending.join(["@data", f"{ROW}:3", f"{ROW}:0"]).encode(), "here")
    assert inputs.shape == (2, 1, LENGTH)
    assert targets.tolist() == [3, 0]
