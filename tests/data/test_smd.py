from __future__ import annotations

import functools

import numpy as np
import pytest
from contracts.data import DataContract
from support import anomaly_files
from support.file_server import FileServer

from joulelab.data.smd import FILES as LISTED
from joulelab.data.smd import Smd
from joulelab.errors import DataError

FILES = anomaly_files.smd()
CHOSEN = ["machine-1-2", "machine-1-10"]


class TestSmd(DataContract):
    @pytest.fixture
    def make(self, tmp_path):
        anomaly_files.write(FILES, tmp_path)
        return functools.partial(Smd, tmp_path, window=10, entities=CHOSEN, per_entity=True)


@pytest.fixture
def root(tmp_path):
    return anomaly_files.write(FILES, tmp_path / "smd")


@pytest.fixture
def files(tmp_path):
    return anomaly_files.listing(FILES, tmp_path / "files.csv")


def test_servers_come_in_the_order_of_their_numbers(root, files):
    data = Smd(root, files=files, window=10)
    assert data.split("test").names == ("machine-1-1", "machine-1-2", "machine-1-10")


def test_labels_and_causes(root):
    (entity,) = Smd(root, window=10, entities=["machine-1-1"]).entities
    assert np.flatnonzero(entity.test.labels).tolist() == [*range(15, 25), *range(50, 53)]
    assert entity.test.anomalies == ((15, 25, "", (0, 37)), (50, 53, "", (1,)))


def test_downloads_only_the_chosen_server(files, tmp_path):
    with FileServer({f"/{name}": content for name, content in FILES.items()}) as server:
        data = Smd(tmp_path / "new", server.url(""), files, window=10, entities=["machine-1-2"])
        assert len(data.split("test")) == 51
        assert sorted(server.asked) == [
            f"/{folder}/machine-1-2.txt"
            for folder in ("interpretation_label", "test", "test_label", "train")
        ]


def test_the_shipped_listing_names_four_files_a_server():
    names = [line.split(",")[0] for line in LISTED.read_text().splitlines()]
    assert len(set(names)) == 28 * 4


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("train", b"1,2,3\n", "has 3 columns, not 38"),
        ("train", b"1,2\n1\n", "no table of numbers"),
        ("test", b"x\n", "no table of numbers"),
        ("test_label", b"0\n1\n", "2 labels do not fit 60 steps"),
        ("interpretation_label", b"15:1\n", "not first-stop"),
        ("interpretation_label", b"15-18:a\n", "not first-stop"),
    ],
)
def test_a_broken_file_is_one_sentence(root, name, content, reason):
    (root / name / "machine-1-1.txt").write_bytes(content)
    with pytest.raises(DataError, match=reason) as error:
        Smd(root, entities=["machine-1-1"], window=10).split("test")
    assert "\n" not in str(error.value)
