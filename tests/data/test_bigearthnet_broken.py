"""Each way in which patches can be broken is one sentence that names the file and a cure."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from joulelab.data.bigearthnet import BigEarthNet
from joulelab.data.bigearthnet_demo import BigEarthNetDemo
from joulelab.errors import DataError


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    BigEarthNetDemo(root, patches=6)
    return next(root.iterdir())


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "patches"))


def read_all(root: Path, splits: Path | None = None) -> None:
    data = BigEarthNet(root, "all", splits=splits)
    for split in ("train", "val", "test"):
        dataset = data.split(split)
        for index in range(len(dataset)):
            dataset[index]


def refusal(root: Path, names: Path, splits: Path | None = None) -> str:
    """What the user reads: one line that starts with the file and ends with a cure."""
    with pytest.raises(DataError) as caught:
        read_all(root, splits)
    sentence = str(caught.value)
    assert sentence.startswith(f"{names}: ")
    assert "\n" not in sentence
    assert caught.value.cure
    return sentence


def file_of(root: Path, end: str) -> Path:
    return sorted(root.glob(f"*/*_{end}"))[0]


def relabel(file: Path, change: Callable[[dict[str, object]], object]) -> None:
    content = json.loads(file.read_text())
    file.write_text(json.dumps(change(content)))


def test_whole_patches_are_read(root: Path) -> None:
    read_all(root)


def test_missing_root(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nowhere", tmp_path / "nowhere")


def test_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("")
    assert "folder" in refusal(tmp_path / "archive", tmp_path / "archive")


def test_folder_without_patches(tmp_path: Path) -> None:
    (tmp_path / "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP").mkdir()  # a tile of version 2
    assert "no patches" in refusal(tmp_path, tmp_path)


def test_too_few_patches_for_three_splits(root: Path) -> None:
    for folder in sorted(root.iterdir())[2:]:
        shutil.rmtree(folder)
    assert "2 samples" in refusal(root, root)


@pytest.mark.parametrize("share", [0.0, 0.005, 0.3, 0.99])
@pytest.mark.parametrize("band", ["B01", "B02", "B8A"])
def test_truncated_tiff(root: Path, band: str, share: float) -> None:
    file = file_of(root, f"{band}.tif")
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert "cannot be read as TIFF" in refusal(root, file)


def test_file_that_is_no_tiff(root: Path) -> None:
    file = file_of(root, "B03.tif")
    file.write_bytes(b"<html>not found</html>" * 100)
    assert "cannot be read as TIFF" in refusal(root, file)


def test_missing_band(root: Path) -> None:
    file = file_of(root, "B12.tif")
    file.unlink()
    assert "missing" in refusal(root, file)


def test_a_band_that_is_not_asked_for_may_be_missing(root: Path) -> None:
    file_of(root, "B12.tif").unlink()
    data = BigEarthNet(root, "rgb")
    for split in ("train", "val", "test"):
        assert [data.split(split)[index] for index in range(len(data.split(split)))]


def test_wrong_shape(root: Path) -> None:
    file = file_of(root, "B05.tif")
    tifffile.imwrite(file, np.ones((120, 120), np.uint16))
    assert "holds 120 x 120 pixels of uint16, not 60 x 60 of uint16" in refusal(root, file)


def test_wrong_dtype(root: Path) -> None:
    file = file_of(root, "B02.tif")
    tifffile.imwrite(file, np.ones((120, 120), np.float32))
    assert "of float32" in refusal(root, file)


def test_broken_json(root: Path) -> None:
    file = file_of(root, "labels_metadata.json")
    file.write_text(file.read_text()[:30])
    assert "cannot be read as JSON" in refusal(root, file)


def test_missing_json(root: Path) -> None:
    file = file_of(root, "labels_metadata.json")
    file.unlink()
    assert "missing" in refusal(root, file)


@pytest.mark.parametrize("change", [lambda c: {}, lambda c: c["labels"], lambda c: {"labels": "x"}])
def test_json_without_labels(root: Path, change: Callable[[dict[str, object]], object]) -> None:
    file = file_of(root, "labels_metadata.json")
    relabel(file, change)
    assert "'labels'" in refusal(root, file)


@pytest.mark.parametrize("label", ["Arable land", "pastures", 7, ["Pastures"]])
def test_unknown_label(root: Path, label: object) -> None:
    file = file_of(root, "labels_metadata.json")
    relabel(file, lambda content: {**content, "labels": ["Pastures", label]})
    assert f"{label!r} is none of the 43 classes" in refusal(root, file)


def test_patch_without_one_of_the_19_classes_is_left_out_and_counted(root: Path) -> None:
    file = file_of(root, "labels_metadata.json")
    relabel(file, lambda content: {**content, "labels": ["Airports"]})
    lists = write_lists(root, [folder.name for folder in sorted(root.iterdir())])
    data = BigEarthNet(root, splits=lists)
    assert data.left_out == data.split("train").left_out == 1
    assert len(data.split("train")) == 3
    assert file.parent.name not in data.split("train").names
    assert BigEarthNet(root, classes=43, splits=lists).left_out == 0


def test_split_where_every_patch_is_left_out(root: Path) -> None:
    for file in root.glob("*/*.json"):
        relabel(file, lambda content: {**content, "labels": ["Airports"]})
    assert "no patch of the split train" in refusal(root, root)


def write_lists(root: Path, names: list[str]) -> Path:
    folder = root.parent / "lists"
    folder.mkdir()
    for split, part in (("train", names[:-2]), ("val", names[-2:-1]), ("test", names[-1:])):
        (folder / f"{split}.csv").write_text("\n".join(part) + "\n")
    return folder


def test_list_that_names_patches_that_are_not_there(root: Path) -> None:
    lists = write_lists(root, [folder.name for folder in sorted(root.iterdir())])
    for folder in sorted(root.iterdir())[1:3]:
        shutil.rmtree(folder)
    assert "2 of its 4 patches are not in" in refusal(root, lists / "train.csv", lists)


def test_missing_list(root: Path) -> None:
    lists = write_lists(root, [folder.name for folder in sorted(root.iterdir())])
    (lists / "val.csv").unlink()
    assert "no val.csv" in refusal(root, lists, lists)


def test_empty_list(root: Path) -> None:
    lists = write_lists(root, [folder.name for folder in sorted(root.iterdir())])
    (lists / "test.csv").write_text("\n\n")
    assert "names no patch" in refusal(root, lists / "test.csv", lists)


def test_list_cut_short(root: Path) -> None:
    lists = write_lists(root, [folder.name for folder in sorted(root.iterdir())])
    (lists / "test.csv").unlink()
    (lists / "test.csv.bz2").write_bytes(b"BZh91AY&SY")
    assert "cannot be read" in refusal(root, lists / "test.csv.bz2", lists)
