from __future__ import annotations

import functools
import os
from pathlib import Path

import numpy as np
import pytest
from contracts.data import DataContract
from support import anomaly_files
from support.file_server import FileServer

from joulelab.data.telemanom import Telemanom
from joulelab.errors import ConfigError, DataError

FILES = anomaly_files.telemanom()
shared = pytest.mark.skipif(
    "JOULELAB_SHARED_DATA" not in os.environ, reason="JOULELAB_SHARED_DATA is not set"
)


class TestTelemanom(DataContract):
    @pytest.fixture
    def make(self, tmp_path):
        anomaly_files.write(FILES, tmp_path)
        return functools.partial(Telemanom, tmp_path, window=10)


@pytest.fixture
def root(tmp_path):
    return anomaly_files.write(FILES, tmp_path / "telemanom")


def test_channels_come_in_the_order_of_their_names_without_the_skipped_one(root):
    data = Telemanom(root, window=10)
    assert data.split("test").names == ("A-9", "T-2")
    assert Telemanom(root, window=10, skip=[]).split("test").names == ("A-9", "P-2", "T-2")


def test_a_skipped_channel_can_be_asked_for(root):
    assert Telemanom(root, window=10, entities=["P-2"]).split("test").names == ("P-2",)


def test_the_last_step_of_a_labelled_span_is_anomalous_and_two_rows_add_up(root):
    labels = Telemanom(root, window=10, entities=["P-2"]).split("test").labels
    assert np.flatnonzero(labels).tolist() == [*range(5, 10), *range(20, 25)]


def test_anomalies_keep_their_kind(root):
    (entity,) = Telemanom(root, window=10, entities=["T-2"]).entities
    assert [item[:3] for item in entity.test.anomalies] == [
        (10, 20, "point"),
        (40, 45, "contextual"),
    ]


def test_the_data_may_lie_one_folder_deeper_than_the_table(tmp_path):
    moved = {name if "/" not in name else f"data/{name}": text for name, text in FILES.items()}
    deep = Telemanom(anomaly_files.write(moved, tmp_path), window=10)
    assert deep.split("test").names == ("A-9", "T-2")


@pytest.fixture
def server(tmp_path):
    files = {f"/msl/{name}": content for name, content in FILES.items()}
    with FileServer(files) as running:
        yield running


def test_downloads_what_is_not_there_once_and_only_what_is_needed(server, tmp_path):
    files = anomaly_files.listing(FILES, tmp_path / "files.csv")
    for _ in range(2):
        data = Telemanom(
            tmp_path / "here", url=server.url("/msl"), files=files, window=10, entities=["T-2"]
        )
        assert len(data.split("test")) == 81
    wanted = ["labeled_anomalies.csv", "train/T-2.npy", "test/T-2.npy"]
    assert server.asked == [f"/msl/{name}" for name in wanted]


def test_refuses_a_download_with_another_hash(server, tmp_path):
    changed = {**FILES, "test/T-2.npy": b"something else"}
    files = anomaly_files.listing(changed, tmp_path / "files.csv")
    data = Telemanom(tmp_path / "here", url=server.url("/msl"), files=files, window=10)
    with pytest.raises(DataError, match="git object id"):
        data.split("test")
    assert not (tmp_path / "here/test/T-2.npy").exists()


def test_asks_no_network_before_it_is_read(server, tmp_path):
    Telemanom(tmp_path / "here", url=server.url("/msl"))
    assert server.asked == []


def pack(root, path, **changes):
    data = Telemanom(root, window=10, normalisation="none", skip=[])
    parts = {name: [getattr(e, name) for e in data.entities] for name in ("train", "test")}
    arrays = {name: np.concatenate([p.values for p in part]) for name, part in parts.items()}
    counts = {f"n_{name}": [len(p) for p in part] for name, part in parts.items()}
    label = np.concatenate([p.labels for p in parts["test"]])
    names = [entity.name for entity in data.entities]
    np.savez(path, **{**arrays, **counts, "label": label, "channels": names, **changes})
    return arrays, label


def test_the_packed_layout_says_the_same_as_the_folder(root, tmp_path):
    pack(root, tmp_path / "MSL.npz")
    for split in ("train", "val", "test"):
        folder, archive = (Telemanom(where, window=10).split(split) for where in (root, tmp_path))
        np.testing.assert_array_equal(archive.values, folder.values)
        np.testing.assert_array_equal(archive.labels, folder.labels)
        assert archive.names == folder.names


def test_three_arrays_are_one_entity(root, tmp_path):
    arrays, label = pack(root, tmp_path / "unused.npz")
    for name, array in {**arrays, "test_label": label}.items():
        np.save(tmp_path / f"MSL_{name}.npy", array)
    split = Telemanom(tmp_path, window=10).split("test")
    assert split.names == ("MSL",)
    np.testing.assert_array_equal(split.labels, label)


@pytest.mark.parametrize("changes", [{"n_test": [1, 2, 3]}, {"channels": ["A-9"]}])
def test_refuses_a_packed_file_whose_parts_do_not_add_up(root, tmp_path, changes):
    pack(root, tmp_path / "MSL.npz", **changes)
    with pytest.raises(DataError, match="add up"):
        Telemanom(tmp_path, window=10).split("train")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("labeled_anomalies.csv", b"a,b\n1,2\n", "not the label table"),
        (
            "labeled_anomalies.csv",
            FILES["labeled_anomalies.csv"].replace(b"90", b"91"),
            "table says",
        ),
        (
            "labeled_anomalies.csv",
            FILES["labeled_anomalies.csv"].replace(b"[[10", b"[["),
            "label table",
        ),
        ("test/T-2.npy", FILES["test/T-2.npy"][:200], "no whole numpy file"),
        ("train/T-2.npy", FILES["test/T-2.npy"][:8], "no whole numpy file"),
    ],
)
def test_a_broken_file_is_one_sentence(root, name, content, reason):
    (root / name).write_bytes(content)
    with pytest.raises(DataError, match=reason) as error:
        Telemanom(root, window=10).split("test")
    assert "\n" not in str(error.value)


def test_refuses_another_spacecraft(root):
    with pytest.raises(ConfigError, match="no spacecraft"):
        Telemanom(root, "VOYAGER")


@shared
def test_msl_is_what_its_publishers_say():
    data = Telemanom(Path(os.environ["JOULELAB_SHARED_DATA"], "msl"), joined=True)
    assert data.spec.input_shape == (55, 100)
    assert sum(len(data.split(name).values) for name in ("train", "val")) == 58317
    assert len(data.split("test")) == 73630
    assert data.split("test").labels.sum() == 7766
